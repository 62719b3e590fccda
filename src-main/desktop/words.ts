const en = {
  file: 'File',
  edit: 'Edit',
  view: 'View',
  window: 'Window',
  quit: 'Quit Keyferry',
  about: 'About Keyferry',
  hide: 'Hide Keyferry',
  close: 'Close window',
  undo: 'Undo',
  redo: 'Redo',
  cut: 'Cut',
  copy: 'Copy',
  paste: 'Paste',
  selectAll: 'Select all',
  actualSize: 'Actual size',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  fullScreen: 'Full screen',
  minimize: 'Minimize',
  developerTools: 'Developer tools',
  'quit.restore': 'A restore is still running.',
  'quit.restore.detail':
    'Leaving stops it: what has been written to the target stays there, the rest is not written.',
  'quit.migration': 'A migration is still under way.',
  'quit.migration.detail':
    'Leaving interrupts it. It goes on where it stopped when you resume it in Keyferry.',
  'quit.frozen': 'Writes to the source are frozen.',
  'quit.frozen.detail':
    'They stay frozen while Keyferry is closed, and your applications wait. Undo the freeze or finish first, unless you mean to come back at once.',
  stay: 'Stay',
  leave: 'Leave',
}

/** The few words the system's own menus and dialogs need from us. */
export type DesktopWords = Readonly<Record<keyof typeof en, string>>

const zh: DesktopWords = {
  file: '文件',
  edit: '编辑',
  view: '视图',
  window: '窗口',
  quit: '退出 Keyferry',
  about: '关于 Keyferry',
  hide: '隐藏 Keyferry',
  close: '关闭窗口',
  undo: '撤销',
  redo: '重做',
  cut: '剪切',
  copy: '复制',
  paste: '粘贴',
  selectAll: '全选',
  actualSize: '实际大小',
  zoomIn: '放大',
  zoomOut: '缩小',
  fullScreen: '全屏',
  minimize: '最小化',
  developerTools: '开发者工具',
  'quit.restore': '还有恢复正在运行。',
  'quit.restore.detail': '离开会将其停止：已写入目标端的数据保留，其余数据不再写入。',
  'quit.migration': '还有迁移正在进行。',
  'quit.migration.detail': '离开会将其中断。在 Keyferry 中继续后，会从停下的位置接着进行。',
  'quit.frozen': '源端的写入处于冻结状态。',
  'quit.frozen.detail':
    'Keyferry 关闭期间写入保持冻结，您的应用会一直等待。除非您马上回来，请先撤销冻结或完成迁移。',
  stay: '留下',
  leave: '离开',
}

const ko: DesktopWords = {
  file: '파일',
  edit: '편집',
  view: '보기',
  window: '윈도우',
  quit: 'Keyferry 종료',
  about: 'Keyferry 정보',
  hide: 'Keyferry 가리기',
  close: '창 닫기',
  undo: '실행 취소',
  redo: '다시 실행',
  cut: '잘라내기',
  copy: '복사',
  paste: '붙여넣기',
  selectAll: '모두 선택',
  actualSize: '실제 크기',
  zoomIn: '확대',
  zoomOut: '축소',
  fullScreen: '전체 화면',
  minimize: '최소화',
  developerTools: '개발자 도구',
  'quit.restore': '복원 작업이 아직 실행 중입니다.',
  'quit.restore.detail':
    '나가면 작업이 중지됩니다. 타깃에 이미 쓴 데이터는 그대로 남고 나머지는 쓰지 않습니다.',
  'quit.migration': '마이그레이션이 아직 진행 중입니다.',
  'quit.migration.detail': '나가면 작업이 중단됩니다. Keyferry에서 다시 시작하면 멈춘 곳부터 이어집니다.',
  'quit.frozen': '소스의 쓰기가 동결되어 있습니다.',
  'quit.frozen.detail':
    'Keyferry가 닫혀 있는 동안에도 쓰기는 동결된 채로 남고 애플리케이션은 기다립니다. 곧바로 돌아올 것이 아니라면 먼저 동결을 해제하거나 완료하십시오.',
  stay: '머무르기',
  leave: '나가기',
}

/** The words for a locale as the system names it (`zh-CN`, `ko`); English for those we do not speak. */
export function wordsFor(locale: string): DesktopWords {
  const language = locale.slice(0, 2)
  return language === 'zh' ? zh : language === 'ko' ? ko : en
}
