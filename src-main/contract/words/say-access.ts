import type { AccessKind } from '../connection.ts'
import type { Locale } from './say-failure.ts'

/** What to look at where a server cannot be reached, by the kind of access; of a managed one also where it refuses more. */
type Advice = AccessKind | 'managed.signIn' | 'managed.stream'

const advice: Readonly<Record<Locale, Readonly<Record<Advice, string>>>> = {
  en: {
    vm: 'It is on a cloud VM: let this machine into its port in the security group, and see that both are in one VPC, or in VPCs that are peered.',
    public:
      'It is reached over the public network: use its public endpoint, and put the public address of this machine on its whitelist.',
    dedicated:
      'It is reached over a dedicated line: the routes at both ends have to cover the networks (CIDR) of this machine and of the server.',
    vpn: 'It is reached over a VPN: see that the tunnel is up and its routes cover both networks; where connections open and then break, lower the MTU.',
    managed:
      'It is a managed instance: put the private address of this machine on the whitelist in its console, and use the endpoint of the network that this machine is in.',
    'managed.signIn':
      'It is a managed instance: see in its console which kind of account you have, and whether the password is given alone or as instanceId:password.',
    'managed.stream':
      'It is a managed instance: many of them refuse PSYNC. Have an account with the right to replicate made in its console, or have it read key by key (scan mode).',
  },
  zh: {
    vm: '它在云服务器（VM）上：请在安全组中放行本机访问其端口，并确认两者在同一 VPC，或所在 VPC 已互通。',
    public: '它经由公网访问：请使用其公网地址，并把本机的公网地址加入其白名单。',
    dedicated: '它经由专线访问：两端的路由须覆盖本机与服务器所在的网段（CIDR）。',
    vpn: '它经由 VPN 访问：请确认隧道已建立且路由覆盖两端网络；若连接建立后又断开，请调低 MTU。',
    managed: '它是托管实例：请在其控制台把本机的内网地址加入白名单，并使用本机所在网络的连接地址。',
    'managed.signIn':
      '它是托管实例：请在其控制台确认账号类型，以及密码是单独填写还是写作 instanceId:password。',
    'managed.stream':
      '它是托管实例：许多此类实例拒绝 PSYNC。请在其控制台创建有复制权限的账号，或逐键读取（扫描模式）。',
  },
  ko: {
    vm: '클라우드 VM에 있습니다. 보안 그룹에서 이 컴퓨터가 그 포트에 접속하도록 허용하고, 둘이 같은 VPC 또는 서로 연결된 VPC에 있는지 확인하세요.',
    public:
      '공용 네트워크로 접속합니다. 공용 엔드포인트를 쓰고, 이 컴퓨터의 공인 주소를 화이트리스트에 넣으세요.',
    dedicated:
      '전용선으로 접속합니다. 양쪽 라우팅이 이 컴퓨터와 서버의 네트워크(CIDR)를 모두 포함해야 합니다.',
    vpn: 'VPN으로 접속합니다. 터널이 올라와 있고 라우팅이 양쪽 네트워크를 포함하는지 확인하세요. 연결된 뒤 끊어지면 MTU를 낮추세요.',
    managed:
      '관리형 인스턴스입니다. 콘솔에서 이 컴퓨터의 사설 주소를 화이트리스트에 넣고, 이 컴퓨터가 있는 네트워크의 엔드포인트를 쓰세요.',
    'managed.signIn':
      '관리형 인스턴스입니다. 콘솔에서 계정 종류를 확인하고, 비밀번호만 쓰는지 instanceId:password 형식인지 확인하세요.',
    'managed.stream':
      '관리형 인스턴스입니다. PSYNC를 거부하는 경우가 많습니다. 콘솔에서 복제 권한이 있는 계정을 만들거나, 키 단위로 읽으세요(스캔 모드).',
  },
}

const unreached: ReadonlySet<string> = new Set([
  'connect.timeout',
  'connect.unreachable',
  'connect.refused',
  'connect.unknown-host',
  'connect.lost',
  'tunnel.not-reached',
])
const unknown: ReadonlySet<string> = new Set([
  'auth.required',
  'auth.wrong-password',
  'auth.no-permission',
  'auth.no-users',
])
const unfollowed: ReadonlySet<string> = new Set(['source.no-stream', 'psync-refused', 'scan-instead'])

/**
 * What to look at because of the kind of access, `code` being a failure's or a finding's; null where that has nothing to do
 * with it, or nobody has said of which kind it is.
 */
export function adviseAccess(
  code: string,
  access: string | number | undefined,
  locale: Locale,
): string | null {
  const words = advice[locale]
  if (access === undefined || !Object.hasOwn(words, access)) return null
  if (unreached.has(code)) return words[access as AccessKind]
  if (access !== 'managed') return null
  if (unknown.has(code)) return words['managed.signIn']
  return unfollowed.has(code) ? words['managed.stream'] : null
}

/** What there is to do, and the advice behind it. */
export function withAdvice(todo: string, advised: string | null, locale: Locale): string {
  return advised === null ? todo : `${todo}${locale === 'zh' ? '' : ' '}${advised}`
}
