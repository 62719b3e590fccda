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
  quitOne: 'A restore is still running.',
  quitMany: '{running} restores are still running.',
  quitDetail:
    'Quitting cancels it in order: what has been written to the target stays there, the rest is not copied.',
  keepRunning: 'Keep running',
  cancelAndQuit: 'Cancel and quit',
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
  quitOne: '还有一个恢复任务正在运行。',
  quitMany: '还有 {running} 个恢复任务正在运行。',
  quitDetail: '退出会有序地取消任务：已写入目标端的数据会保留，其余数据不再复制。',
  keepRunning: '继续运行',
  cancelAndQuit: '取消任务并退出',
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
  quitOne: '복원 작업이 아직 실행 중입니다.',
  quitMany: '복원 작업 {running}개가 아직 실행 중입니다.',
  quitDetail:
    '종료하면 작업이 순서대로 취소됩니다. 타깃에 이미 쓴 데이터는 그대로 남고 나머지는 복사되지 않습니다.',
  keepRunning: '계속 실행',
  cancelAndQuit: '취소하고 종료',
}

/** The words for a locale as the system names it (`zh-CN`, `ko`); English for those we do not speak. */
export function wordsFor(locale: string): DesktopWords {
  const language = locale.slice(0, 2)
  return language === 'zh' ? zh : language === 'ko' ? ko : en
}

/** Puts values into a sentence's `{places}`. */
export function fill(sentence: string, values: Readonly<Record<string, string | number>>): string {
  return sentence.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}
