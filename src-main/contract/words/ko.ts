import type { LanguageWords } from './say-failure.ts'

const written =
  '[적어도 {written:keys}를 이미 썼으며 타깃에 그대로 있습니다.|{sent:if}이미 쓴 키가 있을 수 있으며 타깃에 그대로 있습니다.|{reads:if}변경된 데이터는 없습니다.|타깃에는 아직 아무것도 쓰지 않았습니다.]'
const exactly =
  '[{written:keys}를 썼으며 타깃에 그대로 있습니다.|{reads:if}변경된 데이터는 없습니다.|타깃에는 아직 아무것도 쓰지 않았습니다.]'
const fileOnly =
  '[적어도 {written:keys}를 이미 썼으며 타깃에 그대로 있습니다.|{sent:if}이미 쓴 키가 있을 수 있으며 타깃에 그대로 있습니다.|아직 아무것도 쓰지 않았고, 파일은 읽기만 했습니다.]'

/** The words in Korean. A param stands before a fixed noun, so that no particle depends on it. */
export const ko: LanguageWords = {
  locale: 'ko-KR',
  keys: (_, number) => `키 ${number}개`,
  failures: {
    'file.not-found': {
      what: '[{file} |지정한 ]파일이 없습니다.',
      safe: written,
      todo: '경로를 확인하세요. 상대 경로는 Keyferry를 시작한 폴더를 기준으로 합니다.',
    },
    'file.not-readable': {
      what: '현재 사용자는 [{file} ]파일을 읽을 수 없습니다.',
      safe: written,
      todo: '읽기 권한을 주거나, 권한이 있는 사용자로 실행하세요.',
    },
    'file.is-directory': {
      what: '[{file} |지정한 ]경로는 파일이 아니라 폴더입니다.',
      safe: written,
      todo: '그 안의 파일(보통 dump.rdb)을 지정하세요.',
    },
    'file.empty': {
      what: '[{file} ]파일이 비어 있습니다.',
      safe: written,
      todo: '백업이나 다운로드가 끝날 때까지 기다리거나 다시 만드세요.',
    },
    'file.not-rdb': {
      what: '[{file} ]파일은 Redis 백업이 아닙니다. 시작이 RDB 파일도 AOF 파일도 아닙니다.',
      safe: written,
      todo: 'RDB나 AOF 파일 자체를 지정하세요. 아카이브 안에 있으면 먼저 푸세요.',
    },
    'file.version-unsupported': {
      what: '[{file} ]파일의 RDB [{version} ]버전은 이 Keyferry가 모르는 버전입니다.',
      safe: written,
      todo: '더 새로운 Keyferry를 쓰거나, 더 오래된 서버에서 백업을 만드세요.',
    },
    'file.truncated': {
      what: '[{file} ]파일이 [{offset}바이트 위치에서 ][{key} 키의 중간에서 ]잘려 있습니다.',
      safe: fileOnly,
      todo: '파일을 다시 받고 원본과 크기를 비교하세요.',
    },
    'file.crc-mismatch': {
      what: '[{file} ]파일의 내용이 끝에 있는 체크섬과 맞지 않습니다.',
      safe: fileOnly,
      todo: '파일을 다시 받으세요. 원본도 같다면 백업을 새로 만드세요.',
    },
    'file.corrupt': {
      what: '[{file} ]파일이 [{offset}바이트 위치에서 ][{key} 키에서 ]손상되어 있습니다.',
      safe: fileOnly,
      todo: '파일을 다시 받으세요. 원본도 같다면 백업을 새로 만드세요.',
    },
    'file.unknown-type': {
      what: '[{file} ]파일에 [{offset}바이트 위치의 ][{key} 키 아래 ]알 수 없는 [{type} ]타입의 값이 있습니다.',
      safe: fileOnly,
      todo: '더 새로운 Keyferry를 쓰세요. "keyferry inspect" 보고서가 타입 추가에 도움이 됩니다.',
    },
    'file.changed': {
      what: '[{file} ]파일이 읽는 동안 바뀌었습니다.',
      safe: fileOnly,
      todo: '아무도 쓰지 않을 때까지 기다리거나 다른 곳에 복사한 뒤 다시 시작하세요.',
    },
    'file.packed': {
      what: '[{file} ]파일은 읽으면서 풀 수 없는 방식으로 압축되어 있습니다.',
      safe: written,
      todo: '먼저 압축을 푸세요. 압축 파일 가운데 .gz만 그대로 읽습니다.',
    },
    'file.no-room': {
      what: '[{folder} ]폴더의 디스크에 공간이 모자랍니다[(필요 {needed:bytes}, 사용 가능 {free:bytes})].',
      safe: written,
      todo: '그곳의 공간을 비우거나 다른 디스크의 폴더를 지정하세요[{console:if}|(--keep, -o, 남기지 않는 것은 TMPDIR)].',
    },
    'file.not-writable': {
      what: '현재 사용자는 [{file}|지정한] 위치에 쓸 수 없습니다.',
      safe: written,
      todo: '폴더를 만들고 쓰기 권한을 주거나 다른 폴더를 지정하세요.',
    },
    'file.exists': {
      what: '[{file} ]파일이 이미 있습니다.',
      safe: '그 파일은 그대로 두었습니다.',
      todo: '다른 파일이나 폴더를 지정하세요.[{console:if}| dump와 backup은 --force로 바꿉니다.]',
    },
    'fetch.not-found': {
      what: '[{file}|이] URL에는 아무것도 없습니다[(HTTP {status})].',
      safe: written,
      todo: 'URL에 오타가 없는지, 백업이 아직 그곳에 있는지 확인하세요.',
    },
    'fetch.refused': {
      what: '서버가 [{file} ]파일의 제공을 거부했습니다[(HTTP {status})].',
      safe: written,
      todo: '서명된 링크라면 만료되었을 수 있으니 새로 만드세요. 아니면 읽기 권한을 주세요.',
    },
    'fetch.unavailable': {
      what: '서버가 지금은 [{file} ]파일을 제공할 수 없습니다[(HTTP {status})].',
      safe: written,
      todo: '기다리거나 그 서버의 관리자에게 물어본 뒤 다시 시작하세요.',
    },
    'fetch.broken': {
      what: '[{file} ]다운로드가 [{done:bytes}를 받은 뒤 ]끊겼습니다.',
      safe: written,
      todo: '이 컴퓨터와 그 서버 사이의 네트워크를 확인한 뒤 다시 시작하세요.',
    },
    'fetch.no-resume': {
      what: '[{file} ]다운로드가 거듭 끊겼고, 서버는 파일의 일부를 제공하지 않습니다.',
      safe: written,
      todo: '다른 방법으로 파일을 받거나, Range 요청에 답하는 서버로 복사하세요.',
    },
    'fetch.changed': {
      what: '[{file} ]파일이 다운로드하는 동안 다른 파일로 바뀌었습니다.',
      safe: written,
      todo: '아무도 쓰지 않을 때 다시 시작하세요.',
    },
    'fetch.redirect': {
      what: '서버가 [{file}|이] 주소에서 [{to}|다른] 주소로 보내지만, 그곳에서는 받지 않습니다.',
      safe: written,
      todo: '마지막 주소를 직접 지정하세요. https로 시작한 것은 암호화 없이 받지 않습니다.',
    },
    'fetch.untrusted': {
      what: '[{file} 파일을 제공하는 ]서버의 인증서를 믿을 수 없습니다[({reason})].',
      safe: written,
      todo: '직접 운영하는 기관이 서명했다면 그 PEM 파일을 NODE_EXTRA_CA_CERTS에 지정하세요.',
    },
    'dump.refused': {
      what: '소스[ {address}]에서 스냅샷을 내주지 않습니다[: {reply}].',
      safe: '소스에서는 아무것도 바뀌지 않았습니다.',
      todo: '레플리카처럼 복사할 수 있는 사용자(ACL: +psync +sync +replconf +ping)를 쓰세요. 제공자가 막는다면 백업을 만들게 한 뒤 그 파일이나 URL에서 복원하세요.',
    },
    'dump.broken': {
      what: '소스[ {address}]의 스냅샷 전송이 [{done:bytes}를 받은 뒤 ]끊겼습니다.',
      safe: '소스에서는 아무것도 바뀌지 않았고, 반쪽 파일도 남지 않았습니다.',
      todo: '네트워크를 확인하고, 소스가 느린 레플리카를 끊었는지(client-output-buffer-limit) 또는 저장을 멈췄는지 확인한 뒤 다시 시작하세요.',
    },
    'backup.not-made': {
      what: '소스[ {address}]에서 [{command} 명령으로 ]백업을 만들지 못했습니다[: {reply}].',
      safe: '데이터와 이전 백업은 온전합니다.',
      todo: '소스의 로그에 이유가 있습니다. 흔히 디스크가 가득 찼거나, 폴더에 쓸 수 없거나, fork에 쓸 메모리가 없습니다.',
    },
    'backup.no-aof': {
      what: '소스[ {address}]는 AOF 파일을 두지 않습니다.',
      safe: '소스에서는 아무것도 바뀌지 않았습니다.',
      todo: 'RDB 백업을 만들거나[{console:if}|(--aof 없이)] 소스에서 appendonly를 켜세요.',
    },
    'guided-backup.not-found': {
      what: '해당 백업 이전이 없습니다[: {id}].',
      safe: '아무것도 변경되지 않았습니다.',
      todo: '복원 목록으로 돌아가세요. 다른 콘솔에서 제거했을 수 있습니다.',
    },
    'guided-backup.wrong-step': {
      what: '백업 이전이 현재 있는 단계에서는 이 작업을 할 수 없습니다.',
      safe: '아무것도 변경되지 않았고, 동결된 것은 그대로 동결되어 있습니다.',
      todo: '단계 목록에서 다음 단계를 확인하세요. 제거하기 전에 먼저 동결을 해제해야 합니다.',
    },
    'readiness.nothing-seen': {
      what: '[{from} 안에서 ]명령을 보지 못해 판단할 수 없습니다.',
      safe: '아무것도 바뀌지 않았습니다.',
      todo: '애플리케이션이 일하는 시간에 더 오래 보거나 명령이 담긴 AOF 파일을 보세요.',
    },
    'readiness.no-backlog': {
      what: '소스[ {address}]에 복제 백로그가 없어 먼저 스냅샷을 만들어야 합니다.',
      safe: '스냅샷을 요청하지 않았고 아무것도 바뀌지 않았습니다.',
      todo: 'AOF 파일을 보거나 [{console:if}MONITOR로|--monitor로] 보세요. 소스는 레플리카를 가진 뒤부터 백로그를 둡니다.',
    },
    'tunnel.no-sftp': {
      what: 'SSH 서버[ {hop}]에서 파일을 내주지 않습니다(SFTP).',
      safe: '백업은 만들어졌고 소스에 있습니다.',
      todo: '그곳에서 sftp 서브시스템을 켜거나 다른 방법으로 파일을 복사하세요. keyferry dump는 소스의 파일이 필요 없습니다.',
    },
    'aof.manifest-invalid': {
      what: '[{file} ]매니페스트를 읽을 수 없습니다[: {line}번째 줄이 file <이름> seq <번호> type <b, i 또는 h> 형식이 아닙니다].',
      safe: written,
      todo: '서버가 직접 쓴 매니페스트가 있는 폴더 전체를 다시 받으세요.',
    },
    'aof.manifest-empty': {
      what: '[{file} ]매니페스트에 불러올 파일이 없습니다.',
      safe: written,
      todo: '폴더 전체를 다시 받으세요. 서버에서도 그렇다면 아직 AOF 파일이 없는 것입니다.',
    },
    'aof.second-base': {
      what: '[{file} ]매니페스트[의 {line}번째 줄]에 두 번째 base가 있습니다. 하나만 있을 수 있습니다.',
      safe: written,
      todo: 'AOF 재작성이 없을 때 서버가 직접 쓴 매니페스트와 함께 폴더를 다시 받으세요.',
    },
    'aof.wrong-order': {
      what: '[{file} ]매니페스트의 증분 파일 순서가 맞지 않습니다[: {line}번째 줄의 순번이 커지지 않습니다].',
      safe: written,
      todo: '서버가 직접 쓴 매니페스트와 함께 폴더를 다시 받으세요. 파일 순서가 곧 쓰기 순서입니다.',
    },
    'aof.unknown-type': {
      what: '[{file} ]매니페스트[의 {line}번째 줄]에 있는 파일 종류[ {type}]가 b, i, h 가운데 하나가 아닙니다.',
      safe: written,
      todo: '더 새로운 서버가 썼다면 더 새로운 Keyferry를 쓰고, 아니면 폴더를 다시 받으세요.',
    },
    'aof.path-in-manifest': {
      what: '[{file} ]매니페스트[의 {line}번째 줄]에 파일 이름만 올 수 있는 자리에 경로가 있습니다.',
      safe: written,
      todo: '이 매니페스트를 쓰지 마세요. 어떤 서버도 이런 줄을 쓰지 않습니다. 서버에서 폴더를 다시 받으세요.',
    },
    'aof.file-missing': {
      what: '[{manifest} ]매니페스트에 있는 [{file} ]파일이 없습니다.',
      safe: written,
      todo: '폴더 전체를 다시 받으세요. 이 파일이 없으면 데이터가 달라집니다.',
    },
    'aof.no-manifest': {
      what: '[{folder} ]폴더에 AOF 매니페스트가 없습니다.',
      safe: written,
      todo: '.manifest 파일이 있는 폴더(appendonlydir)나 파일 자체(dump.rdb, appendonly.aof)를 지정하세요.',
    },
    'aof.several-manifests': {
      what: '[{folder} ]폴더에 매니페스트가 여러 개 있습니다[: {names}].',
      safe: written,
      todo: '쓰려는 매니페스트 하나를 지정하세요. 각각 별개의 데이터입니다.',
    },
    'aof.cut-in-the-middle': {
      what: '뒤에 파일이 더 있는데 [{file} ]파일이 [{offset}바이트에서 ]명령 중간에 끝납니다.',
      safe: fileOnly,
      todo: '폴더를 다시 받으세요. 마지막 파일만 잘려 있을 수 있으며, 서버도 이것을 불러오지 않습니다.',
    },
    'aof.no-timestamps': {
      what: '멈출 시각이 주어졌지만 [{file} ]AOF 파일에 쓰기 시각이 없습니다.',
      safe: written,
      todo: '[{console:if}시점을 정하지 말고 전체를 복원하세요.|--until 없이 복원하세요.] 서버는 aof-timestamp-enabled yes(7.0 이상)일 때만 시각을 적습니다.',
    },
    'aof.until-too-early': {
      what: '[{file} ]AOF 파일은 멈출 시각보다 늦게[({first})] 시작합니다.',
      safe: written,
      todo: '더 늦은 시각을 주거나 더 오래된 백업을 쓰세요. base 이전의 내용은 이 파일에 없습니다.',
    },
    'aof.skip-impossible': {
      what: '명령을 적용할 때는 타깃에 이미 있는 키를 건너뛸 수 없습니다. 명령의 일부만 적용하면 누구의 값도 아니게 됩니다.',
      safe: written,
      todo: '빈 데이터베이스에 복원하거나 [{console:if}있는 키를 덮어쓰도록 고르세요|--on-conflict replace를 쓰세요].',
    },
    'aof.would-flush': {
      what: 'AOF 파일에 [{command}|모두 지우는] 명령이 있어 타깃[ {address}]에 원래 있던 [{keys:keys}|키]를 지우게 됩니다.',
      safe: written,
      todo: '빈 서버에 복원하세요. 그 키를 모두 지워도 된다면 [{console:if}있는 키를 덮어쓰도록 고르세요|--on-conflict replace를 쓰세요].',
    },
    'aof.cannot-select': {
      what: 'AOF 파일의 일부 명령은 일부 키에만, 또는 다른 데이터베이스나 이름으로 적용할 수 없습니다[: {commands}].',
      safe: written,
      todo: '먼저 빈 서버에 전부 복원한 뒤, 거기서 저장해 필요한 부분만 복원하세요.',
    },
    'aof.not-understood': {
      what: '타깃[ {address}][ (버전 {version})]은 AOF 파일의 명령을 모릅니다[: {commands}].',
      safe: written,
      todo: '파일을 쓴 서버만큼 새로운 서버에 복원하거나, 값을 고쳐 쓸 수 있는 RDB 파일에서 복원하세요.',
    },
    'aof.not-in-cluster': {
      what: '타깃[ {address}]은 클러스터여서 AOF 파일의 일부 명령을 실행할 수 없습니다[: {commands}].',
      safe: written,
      todo: '단독 서버에 복원하거나, 이 명령들을 빼고 목록으로 남겨도 된다면 [{console:if}옵션에서 고르세요|--cannot-hold skip을 쓰세요].',
    },
    'file.collisions': {
      what: '파일의 여러 키가 타깃에서 같은 이름을 갖게 됩니다. 대상은 [{keys:keys}|여러 키]입니다[(예: {examples})].',
      safe: fileOnly,
      todo: '데이터베이스마다 접두사를 따로 주거나[{console:if}|(--db-prefix)] 서로 다른 데이터베이스로 보내거나[{console:if}|(--db-map)] 일부 키를 빼세요[{console:if}|(--db, --exclude)].',
    },
    'connect.refused': {
      what: '[{address} |이 ]주소에서 받는 서버가 없어 연결이 거부되었습니다.',
      safe: written,
      todo: '호스트와 포트를 확인하고, 서버가 실행 중이며 이 주소에 바인드되어 있는지 확인하세요.',
    },
    'connect.unknown-host': {
      what: '[{address} 주소의 ]호스트 이름을 찾을 수 없습니다.',
      safe: written,
      todo: '철자와 이 컴퓨터의 DNS를 확인하거나 IP 주소를 쓰세요.',
    },
    'connect.unreachable': {
      what: '이 컴퓨터에서 [{address} ]서버로 가는 길이 없습니다.',
      safe: written,
      todo: '둘 사이의 경로, 보안 그룹, 방화벽을 확인하세요.',
    },
    'connect.timeout': {
      what: '[{address} ]서버가 제때 응답하지 않았습니다.',
      safe: written,
      todo: '보안 그룹과 방화벽을 확인하세요. 서버가 매우 바쁘면 다시 시도하세요.',
    },
    'connect.lost': {
      what: '[{address} ]서버와의 연결이 끊어졌습니다.',
      safe: written,
      todo: '서버가 실행 중인지, 이 포트가 TLS를 요구하는지 확인하고, 있는 키를 건너뛰거나 덮어쓰도록 하여 다시 시작하세요.',
    },
    'connect.not-redis': {
      what: '[{address} |이 ]주소의 서비스는 Redis 프로토콜을 쓰지 않습니다.',
      safe: written,
      todo: '포트를 확인하세요. 다른 서비스가 있는 것 같습니다.',
    },
    'tls.not-tls': {
      what: '[{address} ]서버의 이 포트는 TLS를 쓰지 않습니다.',
      safe: written,
      todo: '이 연결의 TLS를 끄거나 서버의 TLS 포트를 쓰세요.',
    },
    'tls.silent': {
      what: '[{address} ]서버에 연결되었지만 TLS에 응답하지 않습니다.',
      safe: written,
      todo: '이 포트가 TLS를 쓰지 않으면 이 연결의 TLS를 끄거나 서버의 TLS 포트를 쓰세요. 서버가 매우 바쁘면 다시 시도하세요.',
    },
    'tls.required': {
      what: '[{address} ]서버의 이 포트는 TLS만 받습니다.',
      safe: written,
      todo: 'TLS를 켜거나[{console:if}|(--tls 또는 rediss://)] 서버의 일반 포트를 쓰세요.',
    },
    'tls.untrusted': {
      what: '[{address} ]서버의 인증서는 이 컴퓨터가 신뢰하는 기관이 서명하지 않았습니다.',
      safe: written,
      todo: '서명한 기관의 PEM 파일을 지정하세요[{console:if}|(--ca)].',
    },
    'tls.name-mismatch': {
      what: '[{address} ]서버의 인증서는 다른 이름으로 발급되었습니다.',
      safe: written,
      todo: '인증서에 있는 이름으로 연결하거나 그 이름을 지정하세요[{console:if}|(--servername)].',
    },
    'tls.expired': {
      what: '[{address} ]서버의 인증서가 유효 기간을 벗어났습니다.',
      safe: written,
      todo: '인증서를 갱신하고 이 컴퓨터의 시계를 확인하세요.',
    },
    'tls.client-certificate': {
      what: '[{address} ]서버가 클라이언트 인증서를 요구하거나, 제시한 인증서를 받아들이지 않습니다.',
      safe: written,
      todo: '서버가 신뢰하는 인증서와 키를 지정하세요[{console:if}|(--cert, --key)].',
    },
    'tls.file-unreadable': {
      what: '[{file} ]인증서 또는 키 파일을 읽을 수 없습니다.',
      safe: written,
      todo: '경로와 읽기 권한, PEM 파일인지 확인하세요.',
    },
    'auth.required': {
      what: '[{address} ]서버가 비밀번호를 요구합니다.',
      safe: written,
      todo: '비밀번호(타깃은 -A -, 소스는 -P - 로 보이지 않게 묻습니다)와, 있으면 사용자 이름을 지정하세요.',
    },
    'auth.wrong-password': {
      what: '[{address} ]서버가 이 사용자와 비밀번호를 받아들이지 않았습니다.',
      safe: written,
      todo: '둘 다 확인하세요. 일부 관리형 서비스의 비밀번호 형식은 instanceId:password입니다.',
    },
    'auth.no-permission': {
      what: '[{address} 서버의 |이 ]사용자에게 [{command} |필요한 ]명령의 권한이 없습니다.',
      safe: written,
      todo: '사용자에게 권한을 주거나(ACL SETUSER) 다른 사용자를 쓰세요.',
    },
    'target.not-empty': {
      what: '[{address} ]타깃에 [{guided:if}|파일과 같은 ][{keys:keys}|키]가 이미 있습니다[(예: {examples})].',
      safe: written,
      todo: '[{guided:if}타깃에서 그 키들을 지우고 다시 시도하거나, 빈 타깃으로 새로 시작하세요|있는 키를 어떻게 할지 고르거나][{guided:if}|{console:if}|(--on-conflict skip 또는 replace)][{guided:if}| 빈 타깃을 쓰세요].',
    },
    'target.copied-before': {
      what: '소스가 모든 데이터를 새로 보내는데, [{address} ]타깃에는 처음 복사하기 전부터 다른 키가 있어 어느 키가 그 복사본인지 가려낼 수 없습니다.',
      safe: '타깃은 전부터 있던 키와 지금까지 복사한 키를 그대로 가지고 있습니다. 소스는 읽기만 했습니다.',
      todo: '타깃의 키가 하나도 필요하지 않으면 비우고(FLUSHALL) 작업을 계속하세요. 데이터를 새로 복사합니다. 필요하면 다른 타깃을 쓰세요.',
    },
    'target.out-of-memory': {
      what: '[{address} ]타깃의 메모리가 부족합니다. maxmemory에 이르렀습니다.',
      safe: written,
      todo: 'maxmemory를 올리거나 메모리를 비운 뒤, 있는 키를 건너뛰도록 하여 다시 시작하세요.',
    },
    'target.loading': {
      what: '[{address} ]타깃이 아직 자기 데이터를 읽어 들이고 있습니다.',
      safe: written,
      todo: '끝날 때까지 기다린 뒤, 있는 키를 건너뛰도록 하여 다시 시작하세요.',
    },
    'target.read-only': {
      what: '[{address} ]타깃은 레플리카가라 쓰기를 받지 않습니다.',
      safe: written,
      todo: '마스터의 주소를 쓰세요.',
    },
    'target.cannot-persist': {
      what: '[{address} ]타깃이 마지막 디스크 저장에 실패하여 쓰기를 받지 않습니다.',
      safe: written,
      todo: '디스크를 고치고(로그 참고), 있는 키를 건너뛰도록 하여 다시 시작하세요.',
    },
    'target.no-replicas': {
      what: '[{address} ]타깃의 정상 레플리카가 너무 적어 쓰기를 받지 않습니다.',
      safe: written,
      todo: '레플리카를 되살리거나 min-replicas-to-write를 낮춘 뒤, 있는 키를 건너뛰도록 하여 다시 시작하세요.',
    },
    'target.cluster': {
      what: '[{address} ]타깃은 Redis Cluster입니다. 라이브 마이그레이션은 단독 서버에만 쓸 수 있습니다.',
      safe: written,
      todo: '단독(standalone) 타깃을 쓰세요.',
    },
    'target.cluster-down': {
      what: '[{address} ]클러스터가 지금 명령을 받지 않습니다[. 슬롯 16,384개 중 {covered}개에만 담당 노드가 있습니다].',
      safe: written,
      todo: 'redis-cli --cluster check로 빠진 것을 찾아 고친 뒤 다시 시작하세요.',
    },
    'target.cluster-changed': {
      what: '[{address} ]클러스터의 마스터가 바뀌었습니다. 하나가 추가되거나 빠졌거나 레플리카로 대체되었습니다.',
      safe: written,
      todo: '클러스터가 안정될 때까지 기다린 뒤 다시 시작하세요.',
    },
    'target.slot-moving': {
      what: '[{address} ]클러스터의 슬롯 하나가 다른 마스터로 옮겨지는 중이라 이 키는 기다려야 합니다.',
      safe: written,
      todo: '슬롯이 다 옮겨질 때까지 기다리거나 redis-cli --cluster check로 끝나지 않은 슬롯을 확인한 뒤 다시 시작하세요.',
    },
    'target.cluster-one-db': {
      what: '[데이터베이스 {dbs}|여러 데이터베이스]로 갈 키가 있는데 [{address} ]클러스터에는 데이터베이스 0만 있습니다.',
      safe: written,
      todo: '어떻게 할지 정하세요. 데이터베이스 하나만 옮기거나, 모두 데이터베이스 0에 넣거나[{console:if}|(--target-db 0)], 각각 접두사를 붙입니다[{console:if}|(--db-prefix)].',
    },
    'target.db-out-of-range': {
      what: '[{address} ]타깃에 [{db}번 |이 번호의 ]데이터베이스가 없습니다.',
      safe: written,
      todo: '다른 데이터베이스로 옮기거나[{console:if}|(--db-map 또는 --target-db)] 타깃의 databases 값을 올리세요.',
    },
    'target.cannot-hold': {
      what: '[{address} ]타깃은 [{key} 키의 ][{type} 타입 ]값을 담을 수 없습니다. 이 타입을 모릅니다.',
      safe: written,
      todo: '타입이나 모듈이 있는 타깃을 쓰거나 그런 키를 빼세요[{console:if}|(--exclude)].',
    },
    'target.lacks-types': {
      what: '[{address} ]타깃[(버전 {version})]이 이 백업을 모두 담을 수 없습니다[: {losses}].',
      safe: written,
      todo: '더 새로운 타깃을 쓰거나 모듈을 로드하세요. 또는 이것들을 빼고 목록으로 남기거나[{console:if}|(--cannot-hold skip)], 필드 만료 없이 해시를 쓰세요[{console:if}|(--field-ttl drop)].',
    },
    'target.value-refused': {
      what: '[{address} ]타깃이 [{key} |어떤 ]키의 값을 잘못된 데이터로 보고 거부했습니다.',
      safe: written,
      todo: '타깃이 백업을 만든 서버보다 오래되지 않았는지 확인하거나 그 키를 빼세요[{console:if}|(--exclude)].',
    },
    'target.not-lockable': {
      what: '타깃[ {address}]을 잠글 수 없습니다[: {reason}].',
      safe: '아무것도 쓰지 않았으며 비밀번호는 그대로입니다.',
      todo: '비밀번호를 바꿀 수 있는 사용자(CONFIG SET, ACL SETUSER)로 접속하거나, 잠그지 않고 이전하세요.',
    },
    'target.refused': {
      what: '[{address} ]타깃이 명령을 거부했습니다[. 응답: {reply}].',
      safe: written,
      todo: '위의 서버 응답과 서버 로그를 확인하세요.',
    },
    'target.gave-up': {
      what: '[{address} ]타깃이 너무 오래 돌아오지 않았습니다.',
      safe: written,
      todo: '타깃을 되살린 뒤, 있는 키를 건너뛰도록 하여 다시 시작하세요.',
    },
    'source.not-ready': {
      what: '[{address} ]소스가 아직 데이터를 내주지 않습니다[: {reply}].',
      safe: '이전에 적용된 쓰기는 그대로 유지되며, 기다려도 잃는 것은 없습니다.',
      todo: '매초 다시 요청합니다. 소스가 데이터를 모두 읽어 들이거나 자신의 마스터와 다시 연결되면 이어집니다.',
    },
    'source.stream-corrupt': {
      what: '소스가 보낸 내용이 복제 스트림이 아닙니다[(오프셋 {offset})].',
      safe: '이전에 적용된 쓰기는 그대로 유지되며, 그 오프셋 뒤의 것은 적용되지 않았습니다.',
      todo: '소스와 이 컴퓨터 사이의 네트워크 장비를 확인한 뒤 작업을 재개하세요.',
    },
    'source.flushed': {
      what: '소스[ {address}]의 데이터를 비우는 명령[({command})]이 실행되었습니다. 이 소스는 같은 타깃으로 들어가는 여러 소스 가운데 하나입니다.',
      safe: '그 명령 앞의 쓰기는 모두 적용되었고 뒤의 것은 적용되지 않았습니다. 다른 소스의 키는 모두 그대로 있습니다.',
      todo: '답을 정해 작업을 재개하세요[{console:if}|(명령줄에서는 “--on-flush”)]. “다시 복사”는 이 소스를 새로 복사하고 어느 소스에도 없는 키를 타깃에서 지웁니다. “명령 건너뛰기”는 타깃에 있는 키를 그대로 둡니다.[{noCopy:if} 되돌아갈 길은 다시 복사하지 않으므로 “명령 건너뛰기”로만 이어 갈 수 있습니다.]',
    },
    'source.databases-meet': {
      what: '소스의 여러 데이터베이스[({dbs})]가 같은 이름으로 타깃[ {address} 서버]의 같은 데이터베이스[({db}번)]에 들어가게 됩니다.',
      safe: '그때까지의 내용은 타깃에 있으며, 두 번째 데이터베이스의 내용은 쓰지 않았습니다.',
      todo: '둘 중 하나에 접두사나 다른 데이터베이스를 주거나 제외하는 새 작업을 시작하세요.',
    },
    'source.stream-lost': {
      what: '서버[ {address}]에[ 오프셋 {offset} 이후] 기록된 내용을 더는 가져올 수 없거나, 반대쪽이 어디까지 받았는지 기억하지 못합니다. 되돌아갈 길을 잃었습니다.',
      safe: '이 때문에 바뀐 키는 양쪽 어디에도 없으며, 스냅샷도 요청하지 않았습니다.',
      todo: '되돌아갈 길을 닫으세요. 그래도 되돌리려면 반대 방향으로 마이그레이션하세요. 모든 데이터를 새로 복사합니다.',
    },
    'source.no-stream': {
      what: '서버[ {address}]가 복제 스트림을 내주지 않습니다[: {reply}].',
      safe: '양쪽 서버 모두 아무것도 바뀌지 않았습니다.',
      todo: '레플리카처럼 따라갈 수 있는 사용자(ACL: +psync +sync +replconf +ping)로, 마스터에 접속하세요. 아니면 되돌아갈 길 없이 계속하세요.',
    },
    'source.slot-moving': {
      what: '서버[ {address}]의 슬롯이 옮겨지고 있어, 모든 마스터의 스트림이 서로 맞는 시점이 없습니다.',
      safe: '양쪽 서버 모두 아무것도 바뀌지 않았습니다.',
      todo: '리샤딩이 끝날 때까지 기다리거나 CLUSTER SETSLOT … STABLE 명령으로 끝낸 뒤 다시 시도하세요.',
    },
    'spool.full': {
      what: '스풀이 한도[ {bytes:bytes}]에 이르렀습니다. 소스가 타깃보다 빠르게 쓰고 있습니다.',
      safe: '받은 내용은 모두 보관되어 있으며, 소스에서 읽기를 멈추었습니다.',
      todo: '타깃이 느려진 까닭을 찾거나, 스풀 한도를 늘린 뒤 작업을 재개하세요.',
    },
    'spool.damaged': {
      what: '[{folder} 폴더의 |]스풀을 기록된 그대로 읽을 수 없습니다.',
      safe: '타깃에 적용된 쓰기는 안전합니다.',
      todo: '작업을 재개하세요. 빠진 부분은 소스에 다시 요청합니다. 디스크도 점검하세요.',
    },
    'job.cancelled': {
      what: '요청하신 대로 멈췄습니다.',
      safe: exactly,
      todo: '언제든 다시 시작하세요.[{reads:if}| 같은 선택으로 다시 시작한 복원이나 동기화는 멈춘 곳부터 이어집니다.]',
    },
    'job.crashed': {
      what: '작업 스레드가 예기치 않게 끝났습니다[: {message}].',
      safe: written,
      todo: '있는 키를 건너뛰도록 하여 다시 시작하세요. 다시 생기면 코드와 이 문장을 알려 주세요.',
    },
    'auth.not-needed': {
      what: '[{address} ]서버에 비밀번호가 없는데 비밀번호가 지정되었습니다.',
      safe: written,
      todo: '비밀번호를 빼고, 연결하려는 서버가 맞는지 확인하세요.',
    },
    'auth.no-users': {
      what: '[{address} ]서버는 ACL 사용자 이전 버전이라 비밀번호만 압니다.',
      safe: written,
      todo: '사용자 이름을 빼고 비밀번호만 지정하세요. 클라우드가 instanceId:password 형식을 요구하면 그 전체를 비밀번호로 주세요.',
    },
    'tunnel.not-reached': {
      what: '[{hop}에서|터널에서] [{address} ]서버로 가는 길이 없습니다[: {reply}].',
      safe: written,
      todo: '서버가 실행 중인지, 그곳에서 본 주소가 맞는지, 둘 사이의 방화벽을 확인하세요.',
    },
    'tunnel.prohibited': {
      what: '[{hop} 서버|터널]에서 [{address}|이] 서버로 가는 연결을 허용하지 않습니다.',
      safe: written,
      todo: '그쪽에서 허용하도록 하세요: sshd_config의 AllowTcpForwarding과 PermitOpen, 또는 프록시의 규칙.',
    },
    'tunnel.lost': {
      what: '[{hop}|터널]과(와)의 SSH 세션이 끊어졌고, 이를 지나는 모든 연결도 끊어졌습니다.',
      safe: written,
      todo: '그 서버가 실행 중인지와 중간 네트워크를 확인하세요. 다음 시도에서 새 세션을 엽니다.',
    },
    'ssh.unknown-host': {
      what: '이 컴퓨터가 모르는 SSH 서버[ {address}]입니다[. 제시한 {keyType} 호스트 키는 {fingerprint}입니다].',
      safe: written,
      todo: '관리하는 사람에게 호스트 키의 지문을 물어, 같을 때만 받아들이세요[{console:if}|(--accept-host-key)].',
    },
    'ssh.host-key-changed': {
      what: '[{address} ]SSH 서버가 알려진 것과 다른 호스트 키를 제시합니다[({file} {line}번째 줄)]. 새로 설치했거나 누군가 중간에 있습니다[. 새 키는 {fingerprint}입니다].',
      safe: written,
      todo: '관리하는 사람에게 물어보세요. 일부러 바꾼 것일 때만 옛 키를 지우고(ssh-keygen -R) 새 키를 받아들이세요.',
    },
    'ssh.host-key-revoked': {
      what: '[{address} ]SSH 서버가 폐기된 것으로 표시된 호스트 키를 제시합니다[({file} {line}번째 줄)].',
      safe: written,
      todo: '관리하는 사람이 설명하고 다른 키로 바꾸기 전에는 이 서버를 쓰지 마세요.',
    },
    'ssh.sign-in-refused': {
      what: '[{address} ]SSH 서버가 사용자[ {username}]의 로그인을 거부했습니다.',
      safe: written,
      todo: '사용자와, 로그인에 쓰는 키, 비밀번호 또는 에이전트를 확인하세요.',
    },
    'ssh.handshake-failed': {
      what: '[{address}|SSH 서버]과(와) SSH 세션을 맺지 못했습니다[: {message}].',
      safe: written,
      todo: '호스트와 포트를 확인하세요. 아주 오래된 SSH 서버는 아직 안전하다고 보는 알고리즘을 모를 수 있습니다.',
    },
    'ssh.no-agent': {
      what: '[{address}|SSH 서버]에 로그인할 SSH 에이전트가 없습니다.',
      safe: written,
      todo: '에이전트를 시작하고 키를 넣거나(ssh-add), 키 파일을 지정하세요[{console:if}|(--ssh-key)].',
    },
    'ssh.key-unusable': {
      what: '파일[ {file}]에 OpenSSH나 PEM 형식의 개인 키가 없습니다.',
      safe: written,
      todo: '옆의 .pub이 아니라 개인 키를 지정하세요. 다른 형식의 키는 ssh-keygen -p -f FILE로 다시 쓸 수 있습니다.',
    },
    'ssh.passphrase-needed': {
      what: '[{file} ]개인 키는 암호로 잠겨 있습니다.',
      safe: written,
      todo: '암호를 주거나[{console:if}|(--ssh-passphrase -)], 키를 SSH 에이전트에 넣으세요.',
    },
    'ssh.passphrase-wrong': {
      what: '이 암호로는 [{file} ]개인 키를 열 수 없습니다.',
      safe: written,
      todo: '암호와, 그 암호의 키가 맞는지 확인하세요.',
    },
    'ssh.file-unreadable': {
      what: '[{file} ]파일을 읽을 수 없습니다.',
      safe: written,
      todo: '경로와 읽기 권한을 확인하세요.',
    },
    'socks.sign-in-refused': {
      what: '[{address} ]SOCKS5 프록시가 이 사용자와 비밀번호를 받아들이지 않거나, 이를 요구합니다.',
      safe: written,
      todo: '둘 다, 그리고 프록시가 요구하는 로그인 방법을 확인하세요.',
    },
    'socks.not-socks': {
      what: '[{address}|프록시 주소]에서 응답하는 것은 SOCKS5가 아닙니다.',
      safe: written,
      todo: '호스트와 포트를 확인하세요. HTTP 프록시는 SOCKS5 프록시가 아닙니다.',
    },
    'sentinel.not-reached': {
      what: 'Sentinel[ {addresses}] 중 아무것도 응답하지 않았습니다.',
      safe: written,
      todo: '주소와 포트(보통 26379), 그리고 비밀번호가 있다면 그것도 확인하세요.',
    },
    'sentinel.unknown-name': {
      what: '[{addresses} ]Sentinel은 [{name}|이런] 이름의 마스터를 모릅니다.',
      safe: written,
      todo: '이름을 확인하세요. 설정의 "sentinel monitor 이름 …"에 있는 것입니다.',
    },
    'sentinel.no-primary': {
      what: '지금[ {name}]에 응답하는 마스터가 없습니다[. Sentinel이 알려 준 주소는 {address}입니다].',
      safe: written,
      todo: '페일오버에는 몇 초가 걸립니다. 계속되면 Sentinel의 로그를 보세요.',
    },
    'server.refused': {
      what: '[{address} ]서버가 [{command} ]명령을 거부했습니다[. 응답: {reply}].',
      safe: written,
      todo: '서버의 응답과 로그를 확인하세요.',
    },
    'server.unknown-command': {
      what: '[{address} ]서버가 [{command} |필요한 ]명령을 모르거나 이름이 바뀌었습니다.',
      safe: written,
      todo: '더 새로운 서버를 쓰거나 rename-command를 되돌리세요.',
    },
    'server.unknown-setting': {
      what: '[{address} ]서버가 [{setting} |필요한 ]설정을 모릅니다.',
      safe: written,
      todo: '더 새로운 서버를 쓰거나 설정 파일을 직접 고치세요.',
    },
    'server.busy': {
      what: '[{address} ]서버가 스크립트나 함수를 실행하느라 다른 요청에 답하지 않습니다.',
      safe: written,
      todo: '끝나기를 기다리거나 SCRIPT KILL로 끝낸 뒤 다시 시도하세요.',
    },
    'server.too-many-clients': {
      what: '[{address} ]서버의 클라이언트 수가 maxclients에 이르렀습니다.',
      safe: written,
      todo: '연결 수를 줄이거나(-n) maxclients를 올리세요.',
    },
    'console.lost': {
      what: '이 화면과 엔진 사이의 연결이 끊어졌습니다.',
      safe: '실행 중이던 작업은 이 화면과 상관없이 계속됩니다.',
      todo: 'Keyferry가 실행 중인지 확인하세요. 화면은 스스로 다시 연결합니다.',
    },
    'console.signed-out': {
      what: '이 브라우저는 콘솔에 로그인되어 있지 않습니다.',
      safe: '실행 중이던 작업은 이 화면과 상관없이 계속됩니다.',
      todo: '"keyferry serve"가 출력한 주소를 여세요. 주소마다 한 번만 쓸 수 있습니다.',
    },
    'serve.tls-needed': {
      what: '이 컴퓨터 밖으로는 TLS로만 콘솔을 제공합니다[: {host}|].',
      safe: '아무 포트도 열지 않았고 바뀐 것이 없습니다.',
      todo: '[{console:if}인증서와 키로 콘솔을 시작하거나|--tls-cert와 --tls-key를 주거나], 이 컴퓨터에서만 열고 SSH 터널로 접속하세요.',
    },
    'serve.tls-unusable': {
      what: '인증서[({cert})|]와 키[({key})|]를 TLS에 쓸 수 없습니다.',
      safe: '아무 포트도 열지 않았고 바뀐 것이 없습니다.',
      todo: '둘 다 PEM으로 주세요. 키에는 암호 문구가 없어야 하고 바로 이 인증서의 키여야 합니다.',
    },
    'restore.not-found': {
      what: '이 복원[({id})]은 더 이상 여기에 없습니다.',
      safe: '이미 쓴 것은 타깃에 그대로 있습니다.',
      todo: '복원 목록을 확인하세요. 목록은 Keyferry가 시작될 때 새로 시작합니다.',
    },
    'restore.under-way': {
      what: '지금 다른 Keyferry가 [{file} 파일|백업]을 [{address} 서버|이 타깃]에 복원하고 있습니다.',
      safe: '그 복원은 계속됩니다. 이번 것은 아무것도 쓰지 않았습니다.',
      todo: '끝날 때까지 기다리세요. 그 머신이 완전히 사라졌다면 몇 초 뒤에 다시 시도하세요.',
    },
    'restore.input-changed': {
      what: '[{file}|이] 백업을 [{address}|이] 타깃으로 복원하다가 중단되었고, 그 뒤 파일이 바뀌었습니다.',
      safe: '더 쓴 것은 없습니다. 중단되기 전에 쓴 키는 타깃에 있습니다.',
      todo: '파일을 되돌려 놓고 이어서 하거나, [{console:if}마법사에서 있는 키를 덮어쓰도록 하고|--restart와 --on-conflict replace로] 처음부터 다시 하세요.',
    },
    'restore.ended': {
      what: '이 복원은 이미 끝났습니다.',
      safe: '기록된 내용은 그대로 유지됩니다.',
      todo: '할 일은 없습니다. 복원 페이지에서 결과를 확인하세요.',
    },
    'difference.not-found': {
      what: '이 차이는 더 이상 목록에 없습니다.',
      safe: '변경된 것은 없습니다.',
      todo: '그사이 양쪽을 다시 비교했습니다. 새 목록에서 선택하세요.',
    },
    'difference.long-key': {
      what: '이 키의 이름은 8 KiB보다 길어 전부 보관하지 않았습니다.',
      safe: '변경된 것은 없습니다.',
      todo: '두 서버에서 redis-cli로 확인하세요. 복구할 때는 다른 키와 똑같이 처리됩니다.',
    },
    'restore.not-comparable': {
      what: '지금은 이 복원을 파일과 비교할 수 없습니다.',
      safe: '변경된 것은 없습니다.',
      todo: '복원이 완료되거나 진행 중인 비교가 끝난 뒤 다시 비교하세요.',
    },
    'verify.databases': {
      what: '소스의 [데이터베이스 {dbs}|여러 데이터베이스]에 키가 있지만 클러스터[({address})]에는 데이터베이스 0만 있어 비교할 대상이 없습니다.',
      safe: '비교하지 않았고 변경된 것도 없습니다.',
      todo: '복원한 백업과 같은 규칙으로 비교하거나[{console:if}|(verify -i와 --target-db 또는 --db-prefix)] 키 수만 세세요[{console:if}|(--mode counts)].',
    },
    'verify.no-server': {
      what: '[{program}: 7.0 이상의 redis-server나 valkey-server가 아닙니다|이 컴퓨터에서 7.0 이상의 redis-server나 valkey-server를 찾지 못했습니다]. AOF의 명령이 무엇을 만드는지는 그것을 읽어 들이는 서버만 알 수 있습니다.',
      safe: '비교하지 않았고 변경된 것도 없습니다.',
      todo: '이 컴퓨터에 redis-server 7.0 이상을 [{console:if}설치하세요|설치하거나 --server로 지정하세요]. 이 비교를 위해서만 실행되며 다른 사람은 연결할 수 없습니다.',
    },
    'verify.not-loaded': {
      what: '비교를 위해[ {file} 파일을| AOF를] 읽어 들이던 서버[({version})]가 종료되었습니다[: {reason}|].',
      safe: '비교하지 않았고 변경된 것도 없습니다. 파일은 읽기만 했습니다.',
      todo: '[{console:if}그 파일을 쓴 버전의 서버를 이 컴퓨터에 설치하세요|--server로 그 파일을 쓴 버전의 서버를 지정하세요]. 모든 데이터를 담을 메모리와 임시 공간이 필요합니다.',
    },
    'restore.not-again': {
      what: '실패했거나 중지된 복원만 이어서 진행할 수 있습니다.',
      safe: '변경된 것은 없습니다.',
      todo: '끝날 때까지 기다리세요. 같은 파일을 다시 복원하려면 새 복원을 시작하세요.',
    },
    'store.unavailable': {
      what: '[{file} ]데이터 파일을 열 수 없습니다.',
      safe: '어떤 서버도 건드리지 않았습니다.',
      todo: '폴더와 쓰기 권한을 확인하거나 다른 폴더를 지정하세요(KEYFERRY_HOME).',
    },
    'store.newer': {
      what: '[{file} 파일의 ]데이터는 더 새로운 Keyferry가 쓴 것입니다.',
      safe: '데이터는 그대로 두었습니다.',
      todo: '더 새로운 버전을 실행하거나 다른 데이터 폴더를 지정하세요(KEYFERRY_HOME).',
    },
    'store.damaged': {
      what: '[{file} 파일의 ]프로필과 작업 데이터베이스가 손상되었습니다.',
      safe: '소스와 타깃은 건드리지 않았습니다.',
      todo: '폴더의 사본을 되돌리거나 다른 폴더를 지정하세요(KEYFERRY_HOME).',
    },
    'store.disk-full': {
      what: '[{folder} ]데이터 폴더의 디스크가 가득 찼습니다.',
      safe: '이전에 저장한 것은 온전합니다[. 적어도 {written:keys}를 이미 썼으며 타깃에 그대로 있습니다].',
      todo: '공간을 비우거나 다른 폴더를 지정한(KEYFERRY_HOME) 뒤 다시 시도하세요.',
    },
    'store.runtime-too-old': {
      what: '이 Node.js[ {version}] 버전은 프로필과 작업을 보관하기에 너무 오래되었습니다.',
      safe: '아무것도 열거나 바꾸지 않았습니다.',
      todo: '자체 Node.js를 쓰는 "npx keyferry"나 "npm start"로 시작하세요.',
    },
    'secret.unreadable': {
      what: '저장된 비밀번호를 이 컴퓨터에서 읽을 수 없습니다.',
      safe: '프로필은 그대로이고 비밀번호만 없습니다.',
      todo: '비밀번호를 다시 입력하면 새로 저장됩니다.',
    },
    'secret.locked': {
      what: '저장된 비밀번호가 잠겨 있습니다. 키 파일[({file})|]에 암호 문구가 필요합니다.',
      safe: '비밀번호는 암호화된 채로 있으며 어떤 서버도 바뀌지 않았습니다.',
      todo: '설정 페이지에서 잠금을 풀거나 KEYFERRY_PASSPHRASE에 암호 문구를 넣고 Keyferry를 시작하세요. 암호 문구만 잃었다면 이 사용자의 데스크톱 앱이 시스템 키링으로 열 수도 있습니다.',
    },
    'secret.wrong-passphrase': {
      what: '[{variable}의 값은 |]저장된 비밀번호의 암호 문구가 아닙니다.',
      safe: '잠긴 채로 있으며 잃은 것은 없습니다.',
      todo: '[{variable}에 맞는 암호 문구를 넣어 Keyferry를 다시 시작하거나 설정 화면에서 잠금을 푸세요.|다시 입력하세요.]',
    },
    'secret.no-key-ring': {
      what: '이 시스템의 키링이 키를 받지 않습니다.',
      safe: '모든 것이 이전 그대로입니다.',
      todo: '시스템의 키링을 잠금 해제하고 다시 시도하거나 암호 문구로 키를 보관하세요.',
    },
    'update.unreadable': {
      what: '업데이트 피드[({feed})|]가 최신 버전을 알려 주지 않습니다.',
      safe: '바뀐 것은 없으며 지금 버전은 계속 쓸 수 있습니다.',
      todo: '주소가 맞는지, 이 컴퓨터에서 닿는지 확인하세요. version 필드(예: 1.2.3)가 있는 JSON으로 답해야 합니다.',
    },
    'connection.not-found': {
      what: '이런 저장된 연결이 없습니다.',
      safe: '바뀐 것은 없습니다.',
      todo: '연결 목록을 확인하세요. 다른 창에서 삭제했을 수 있습니다.',
    },
    'connection.changed-meanwhile': {
      what: '열어 둔 사이에 다른 사람이 연결[ {name} 항목]을 저장했습니다.',
      safe: '덮어쓴 것은 없으며, 입력한 내용은 그대로 있습니다.',
      todo: '더 새로운 것을 보거나, 내 것을 사본으로 남기거나, 내 것으로 덮어쓰세요.',
    },
    'connection.name-taken': {
      what: '[{name} |같은 이름의 ]연결이 이미 있습니다.',
      safe: '있던 연결은 그대로입니다.',
      todo: '다른 이름을 고르세요.',
    },
    'profile.not-found': {
      what: '[{name} |이런 이름의 ]프로필이 없습니다.',
      safe: '바뀐 것은 없습니다.',
      todo: '[다음 중 하나를 지정하세요: {known}.|"keyferry profiles"로 목록을 볼 수 있습니다. 새 프로필은 콘솔("keyferry serve")에서 만듭니다.]',
    },
    'profile.changed-meanwhile': {
      what: '열어 둔 사이에 다른 사람이 프로필[ {name} 항목]을 저장했습니다.',
      safe: '덮어쓴 것은 없으며, 입력한 내용은 그대로 있습니다.',
      todo: '더 새로운 것을 보거나, 내 것을 사본으로 남기거나, 내 것으로 덮어쓰세요.',
    },
    'profile.name-taken': {
      what: '[{name} |같은 이름의 ]프로필이 이미 있습니다.',
      safe: '있던 프로필은 그대로입니다.',
      todo: '다른 이름을 고르세요.',
    },
    'profile.in-use': {
      what: '[{name} ]프로필은 끝나지 않은 작업이 쓰고 있습니다.',
      safe: '바뀐 것은 없습니다.',
      todo: '먼저 작업을 마치거나 멈추고, 아니면 프로필을 복사하세요.',
    },
    'profile.not-a-file': {
      what: '[{file} ]파일은 Keyferry 프로필이 아닙니다[: {field} 항목을 이해할 수 없습니다].',
      safe: '프로필을 만들거나 바꾸지 않았습니다.',
      todo: 'Keyferry에서 내보낸 파일을 선택하세요. 이름이 .keyferry로 끝납니다.',
    },
    'profile.file-newer': {
      what: '[{file} ]파일은 더 새로운 Keyferry에서 내보낸 것입니다[(형식 {version})].',
      safe: '프로필을 만들거나 바꾸지 않았습니다.',
      todo: '이 컴퓨터의 Keyferry를 업데이트하거나, 같은 버전에서 프로필을 다시 내보내세요.',
    },
    'task.not-found': {
      what: '[{none:if}아직 시작한 마이그레이션|{id} 작업|이런 작업]이 없습니다.',
      safe: '바뀐 것은 없습니다.',
      todo: '[{console:if}작업 목록을 확인하세요. 다른 창에서 삭제했을 수 있습니다.|{none:if}"keyferry run"으로 저장된 프로필을 시작하면 그때부터 보고서가 있습니다.|"keyferry tasks"로 목록을 볼 수 있습니다. 두 주소로 지정했다면 두 주소를 확인하세요.]',
    },
    'task.wrong-state': {
      what: '작업이 [{state} 상태라 |지금은 ]이것을 할 수 없습니다.',
      safe: '작업은 그대로 계속됩니다.',
      todo: '진행 중인 단계를 기다리거나 작업 화면에 있는 동작을 고르세요.',
    },
    'task.password-needed': {
      what: '[{address} ]서버의 비밀번호가 저장되어 있지 않아 지금 필요합니다.',
      safe: '바뀐 것은 없습니다.',
      todo: '입력하거나 프로필에 저장하세요.',
    },
    'task.checks-failed': {
      what: '점검에서 먼저 고쳐야 할 것이 나왔습니다.',
      safe: '전에 복사한 것은 그대로이며 더해진 것은 없습니다.',
      todo: '실패한 점검마다 할 일이 적혀 있습니다. 고친 뒤 계속하세요.',
    },
    'task.warnings-open': {
      what: '점검에서 아직 수락하지 않은 경고가 있습니다.',
      safe: '아직 아무것도 복사하지 않았습니다.',
      todo: '경고를 읽고 수락하거나[{console:if}|(--accept-warnings)], 원인을 고친 뒤 다시 점검하세요.',
    },
    'task.other-ending': {
      what: '누군가 이미 다른 선택으로 이 마이그레이션의 마무리를 시작했습니다.',
      safe: '그쪽에서 선택한 대로 끝납니다. 여기서 선택한 것은 아무것도 실행되지 않았습니다.',
      todo: '끝난 뒤 상태를 확인하세요. 소스 동결 해제처럼 남은 일은 그때 할 수 있습니다.',
    },
    'task.consent-needed': {
      what: '소스와 타깃이 같다고 증명되지 않아, 마치려면 동의를 입력해야 합니다.',
      safe: '증분 동기화는 계속되고 있으며 바뀐 것은 없습니다.',
      todo: '다시 비교하거나 요청된 동의 문구를 입력하세요.',
    },
    'task.other-mode': {
      what: '이 작업은 복제 스트림을 따라가는 방식으로 시작되었습니다[. 타깃 {address} 서버에 그때의 기록이 있습니다].',
      safe: '이번에는 아무것도 바꾸지 않았습니다.',
      todo: '시작할 때의 방식으로 계속하거나, 멈추고 새 작업을 시작하세요.',
    },
    'task.move-by-rules': {
      what: '소스[ {source}]의 키를 옮겨 없앨 수 없습니다. 키 규칙에 따라 일부만 복사되었거나 이름이 다릅니다.',
      safe: '모든 키가 소스에 그대로 있습니다.',
      todo: '삭제하지 않고 완료한 뒤, 필요 없는 키는 직접 지우세요.',
    },
    'task.other-rules': {
      what: '이 작업은 다른 키 규칙으로 시작되었습니다[. 타깃 {address} 서버에 그때의 기록이 있습니다].',
      safe: '이번에는 아무것도 바꾸지 않았습니다.',
      todo: '시작할 때의 규칙으로 계속하거나, 멈추고 새 작업을 시작하세요.',
    },
    'task.way-back-one-source': {
      what: '되돌아갈 길은 소스 하나(서버 또는 클러스터)로만 낼 수 있습니다.[ 이 마이그레이션의 소스는 {sources}개입니다.] 여럿이면 타깃에 새로 생긴 키가 어느 소스의 것인지 알 방법이 없습니다.',
      safe: '소스는 동결되어 있고, 되돌아갈 길 없이 마이그레이션을 완료할 수 있습니다.',
      todo: '되돌아갈 길 없이 완료하거나, 필요할 수 있는 동안 소스를 그대로 두세요.',
    },
    'task.expiries-shifted': {
      what: '[{address} 타깃의 ]만료 시각을 되돌리지 못했습니다. 만료되어야 할 키가 천 년 넘게 남습니다.',
      safe: '모든 값은 복사된 그대로이며 소스는 그대로입니다.',
      todo: '타깃을 사용하기 전에 비우거나, 기존 키를 바꾸는 방식으로 새 마이그레이션을 시작하세요.',
    },
    'task.too-many': {
      what: 'Keyferry가 이미[ 작업 {most}개를| 최대한 많은 작업을] 실행하고 있어 더 받을 수 없습니다.',
      safe: '실행 중인 작업은 계속되며, 이 작업은 시작되지 않았습니다.',
      todo: '그중 하나가 끝나거나 일시 중지되면 시작하세요.',
    },
    'task.instance-busy': {
      what: '다른 작업[ “{name}” 작업]이[ {address} 서버를| 같은 서버를] 사용하고 있습니다.',
      safe: '그 작업은 계속되며, 이 작업은 시작되지 않았습니다.',
      todo: '그 작업이 끝날 때까지 기다리거나, 먼저 일시 중지하거나 중지하세요.',
    },
    'task.move-consent': {
      what: '소스 주소를 입력해야만 소스의 키를 삭제합니다[: {source}].',
      safe: '아무것도 삭제되지 않았습니다.',
      todo: '주소를 정확히 입력하거나, 삭제 없이 완료하세요.',
    },
    'task.move-unproven': {
      what: '[{source} 서버의 ]키를 삭제할 수 없습니다. 유효한 동결 상태에서 모든 값이 같다고 증명되지 않았습니다.',
      safe: '아무것도 삭제되지 않았으며, 계속 소스를 따라갑니다.',
      todo: '동결하고 모든 값을 비교한 뒤 완료하거나, 삭제 없이 완료하세요.',
    },
    'task.overwrites': {
      what: '이 마이그레이션은[ {address} 서버의| 타깃의] 키를 덮어쓰므로 따로 확인해야 합니다.',
      safe: '시작되지 않았습니다.',
      todo: '해당 계획의 검토 화면에서 시작하세요.',
    },
    'task.repair-consent': {
      what: '복구는 타깃의 값을 바꾸므로 타깃 주소를 입력해야 합니다[: {target}].',
      safe: '아무것도 바꾸지 않았습니다. 소스는 계속 동결되어 있습니다.',
      todo: '주소를 정확히 입력하거나, 타깃을 그대로 두세요.',
    },
    'command.failed': {
      what: '전환 때 실행할 명령[ {program}]이 실패했습니다[: {reason}].',
      safe: '모든 쓰기가 도착했고 비교되었습니다. 이전 서버는 아직 동결되어 있어 다시 원본이 될 수 있습니다.',
      todo: '이벤트에 출력이 있습니다. 직접 실행한 뒤 명령 없이 완료하거나 중단하세요. 이미 바뀐 것은 직접 되돌려야 합니다.',
    },
    'command.lost': {
      what: '전환 때의 명령[ {program}]이 실행되는 동안 Keyferry가 종료되었습니다. 모두 했을 수도, 일부만 했을 수도, 아무것도 하지 않았을 수도 있습니다.',
      safe: '다시 실행되지 않았습니다. 모든 쓰기가 도착했고 비교되었으며, 이전 서버는 아직 동결되어 있습니다.',
      todo: '할 일을 마쳤는지 확인한 뒤 다시 실행하거나, 명령 없이 완료하세요[{console:if}|(명령줄에서는 --no-on-cutover)].',
    },
    'command.not-consented': {
      what: '이 계획에는 전환 때 실행할 명령[ {program}]이 있으며, 이 컴퓨터에서 아직 아무도 동의하지 않았습니다.',
      safe: '실행되지 않았습니다.',
      todo: '명령을 읽어 보세요. 실행하려면 [{console:if}계획의 옵션이나 전환 페이지에서 동의하세요|--allow-command {digest}를 붙여 시작하세요|허용하세요]. 아니면 계획에서 빼세요.',
    },
    'command.not-from-here': {
      what: '이 콘솔은 자신이 제공되는 컴퓨터에서 명령을 실행시킬 수 없습니다[: {program}].',
      safe: '계획은 그대로이며 아무것도 실행되지 않았습니다.',
      todo: '명령 없이 저장하거나, 이 콘솔을 제공하는 사람이 그 컴퓨터에서 직접 설정하거나 콘솔에 허용하게 하세요[{console:if}| (keyferry profiles on-cutover, serve --allow-commands)].',
    },
    'command.holds-secret': {
      what: '전환 때의 명령[ {program}]에 이 계획의 비밀번호가 들어 있어 그대로 저장됩니다.',
      safe: '계획은 그대로입니다.',
      todo: '프로그램이 자신의 파일에서 비밀번호를 읽게 하세요.',
    },
    'way-back.none': {
      what: '[{target} 서버에서 {source} 서버로 ]열린 되돌아갈 길이 없습니다.',
      safe: '양쪽 서버 모두 아무것도 바뀌지 않았습니다.',
      todo: '되돌아갈 길은 전환할 때 [{console:if}계획에서 고르거나 전환 화면에서 선택하면 열립니다.|--way-back 또는 계획의 선택에 따라 열립니다. "keyferry tasks"가 목록을 보여 줍니다.] 그 길 없이 되돌리려면 반대 방향으로 마이그레이션하세요.',
    },
    'schedule.past': {
      what: '지정한 시각[ {when}] 시점은 이미 지났습니다.',
      safe: '아무것도 바뀌지 않았습니다.',
      todo: '더 늦은 시각을 고르거나 지금 마이그레이션을 시작하세요.',
    },
    'schedule.missed': {
      what: '마이그레이션은[ {when} 시점에| 더 일찍] 시작될 예정이었으나, 그때 Keyferry가 실행 중이 아니었거나 이 컴퓨터가 절전 상태였습니다.',
      safe: '아무것도 시작되지 않았습니다.',
      todo: '지금 시작하거나 다른 시각을 고르세요.',
    },
    'task.held-elsewhere': {
      what: '다른 Keyferry[({host})]가 이 작업을 실행하고 있습니다.',
      safe: '다른 쪽은 방해받지 않고 계속됩니다.',
      todo: '그곳에서 멈추거나 점유가 끝날 때까지 기다리세요.',
    },
    'freeze.not-permitted': {
      what: '소스[ {address}] 서버의 사용자에게 비밀번호를 바꿀 권한이 없습니다[({command} 명령)].',
      safe: '소스는 동결되지 않았고 비밀번호도 그대로입니다.',
      todo: 'CONFIG SET, ACL, CLIENT KILL 권한을 주거나, 직접 동결하세요. 쓰기를 직접 차단하면 Keyferry가 확인합니다.',
    },
    'freeze.not-primary': {
      what: '소스[ {address}] 서버는 레플리카입니다. 쓰기는 그 마스터에서 동결합니다.',
      safe: '소스는 동결되지 않았고 비밀번호도 그대로입니다.',
      todo: '마스터를 소스로 지정하고 그곳에서 동결하세요.',
    },
    'freeze.node-unreachable': {
      what: '소스의 서버 하나[({address})]에 연결할 수 없어 나머지와 함께 동결할 수 없습니다.',
      safe: '소스는 동결되지 않았고 비밀번호도 그대로입니다.',
      todo: '이 컴퓨터에서 연결되게 하거나 복제나 클러스터에서 빼낸 뒤 다시 동결하세요.',
    },
    'freeze.shard-elsewhere': {
      what: '샤드 하나[({address}에서 따라가는 중)]가 동결된 마스터 중 어느 것도 따라가지 않습니다.',
      safe: '쓰기는 동결되어 있고 지금까지 받은 것은 모두 보관됩니다. 증명이나 완료는 하지 않았습니다.',
      todo: '동결을 해제하세요. 클러스터의 장애 조치가 끝나고 샤드가 따라잡은 뒤 다시 동결하세요.',
    },
    'freeze.slot-moving': {
      what: '소스의 슬롯이 옮겨지고 있습니다[({address}에서 확인)].',
      safe: '소스는 동결되지 않았고 비밀번호도 그대로입니다.',
      todo: '리샤딩이 끝날 때까지 기다리거나 CLUSTER SETSLOT … STABLE 명령으로 끝낸 뒤 다시 동결하세요.',
    },
    'freeze.sentinel-unreachable': {
      what: '소스를 감시하는 Sentinel[({address})]에 연결할 수 없습니다. 새 비밀번호를 모르면 페일오버를 시작합니다.',
      safe: '소스는 동결되지 않았고 비밀번호도 그대로입니다.',
      todo: '모든 Sentinel에 연결되게 하고, 비밀번호가 있으면 소스를 Sentinel로 지정하세요. 없어진 것은 SENTINEL RESET 명령으로 지우세요. 그런 다음 다시 동결하세요.',
    },
    'freeze.sentinel-hasty': {
      what: 'Sentinel[ {address}]은 [{ms}|너무 짧은 시간]ms 뒤에 [{name}|소스] 서버를 죽은 것으로 봅니다. 다시 로그인하는 사이에 페일오버를 시작할 수 있습니다.',
      safe: '소스는 동결되지 않았고 비밀번호도 그대로입니다.',
      todo: '모든 Sentinel에서 시간을 늘리세요: SENTINEL SET[ {name}| NAME] down-after-milliseconds 5000. 그런 다음 다시 동결하세요.',
    },
    'freeze.sentinel-password': {
      what: 'Sentinel이 소스[ {address}] 서버에서 쓰는 비밀번호를 알 수 없어 나중에 돌려줄 수 없습니다.',
      safe: '소스는 동결되지 않았고 비밀번호도 그대로입니다.',
      todo: 'default 사용자의 비밀번호(Sentinel이 쓰는 것)로 소스를 지정하세요.',
    },
    'freeze.password-needed': {
      what: '소스[ {address}] 서버가 옛 비밀번호를 거부하는데 새 비밀번호를 여기서 알 수 없습니다.',
      safe: 'Keyferry는 소스에서 아무것도 바꾸지 않았습니다.',
      todo: '새 비밀번호를 함께 주고 직접 동결을 다시 하세요.',
    },
    'freeze.not-frozen': {
      what: '소스[ {address}] 서버는 동결되어 있지 않습니다.',
      safe: '바뀐 것은 없습니다.',
      todo: '되돌릴 것이 없습니다. 쓰기를 멈춰야 하면 먼저 동결하세요.',
    },
    'freeze.not-proven': {
      what: '소스[ {address}] 서버가 옛 비밀번호를 거부한다는 것을 증명하지 못했습니다.',
      safe: '옛 비밀번호는 보관되어 있어 되돌릴 수 있습니다.',
      todo: '동결을 다시 시도하거나 되돌리세요.',
    },
    'freeze.broken': {
      what: '소스[ {address}] 서버의 동결이 풀렸습니다. 재시작되었거나, 다른 노드가 자리를 넘겨받았거나, 슬롯이 이동했거나, 누군가 비밀번호를 바꿨습니다.',
      safe: '증분 동기화가 계속되고 있어 그사이의 쓰기는 잃지 않습니다.',
      todo: '누가 쓰는지 찾고, 마치기 전에 다시 동결하세요.',
    },
    'freeze.changed-meanwhile': {
      what: '소스[ {address}] 서버가 동결된 동안 다른 사람이 비밀번호를 바꿨습니다.',
      safe: '새 비밀번호를 덮어쓰지 않았습니다.',
      todo: '어떤 비밀번호를 쓸지 정하고 직접 설정하세요.',
    },
    'freeze.not-drained': {
      what: '소스[ {address}] 서버가 동결될 때의 내용을 타깃이 아직 다 받지 못했습니다.',
      safe: '잃은 것은 없습니다. 남은 것은 이쪽 디스크에 있습니다.',
      todo: '지연이 0이 될 때까지 기다리거나 동결을 되돌리세요.',
    },
    'usage.invalid': {
      what: '[{field} |어떤 ]항목의 값을 쓸 수 없습니다[: {reason}].',
      safe: written,
      todo: '고친 뒤 다시 시도하세요.[{console:if}| --help로 모든 옵션을 볼 수 있습니다.]',
    },
    'usage.too-long': {
      what: '[{field} |어떤 ]항목에 입력한 내용이 너무 깁니다[(최대 {most}자)].',
      safe: written,
      todo: '줄여서 다시 시도하세요.',
    },
    'usage.path-relative': {
      what: '[{file} 경로|경로]가 루트에서 시작하지 않아 어느 폴더에 있는지 알 수 없습니다.',
      safe: written,
      todo: '/data/dump.rdb 또는 C:\\data\\dump.rdb처럼 전체 경로를 입력하거나 폴더 목록에서 고르세요.',
    },
    'usage.not-a-url': {
      what: '백업으로 지정한 것이 웹 주소처럼 시작하지만 올바른 주소가 아닙니다.',
      safe: written,
      todo: 'https://backups.example/dump.rdb처럼 호스트까지 든 전체 주소를 다시 복사하세요.',
    },
    'usage.no-times': {
      what: '멈출 시각이 주어졌지만 입력 가운데 RDB 파일이 있습니다[: {file}]. RDB 파일은 한 시점의 상태만 담고 쓰기 시각이 없습니다.',
      safe: written,
      todo: '[{console:if}시점을 정하지 말고 전체를 복원하거나|--until 없이 복원하거나] AOF 파일만 따로 복원하세요.',
    },
    'usage.would-empty': {
      what: '[{file}|AOF 파일]에 [{command}|모두 지우는] 명령이 있어 앞선 입력이 가져온 것을 지우게 됩니다.',
      safe: written,
      todo: '그 파일을 맨 앞에 두세요. 지워도 된다면 [{console:if}있는 키를 덮어쓰도록 고르세요|--on-conflict replace를 쓰세요].',
    },
    'usage.missing-prerequisite': {
      what: '[{program} |필요한 ]프로그램을 이 컴퓨터에서 찾지 못했습니다.',
      safe: written,
      todo: '설치한 뒤[(명령: {command})] 다시 시도하세요.',
    },
    'internal.unexpected': {
      what: 'Keyferry가 예상하지 못한 일이 일어났습니다[: {message}].',
      safe: '[적어도 {written:keys}를 이미 썼으며 타깃에 그대로 있습니다.|알려진 바로는 아무것도 쓰지 않았습니다.]',
      todo: '코드와 이 문장을 알려 주세요.',
    },
  },
}
