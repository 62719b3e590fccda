/**
 * The two pages that come before the console: they stand alone, without script, style or picture. The words of the
 * second are in all our languages, as nothing is known yet of who reads them.
 */
export const welcomePage = page(
  '<meta http-equiv="refresh" content="0; url=/">',
  '<p><a href="/">Keyferry</a></p>',
)

export const strangerPage = page(
  '',
  `<h1>Keyferry</h1>
<p lang="en">This browser is not signed in. Each printed address works once: press Enter in the terminal where keyferry serve runs to get a new one, and open it here.</p>
<p lang="zh">此浏览器尚未登录。打印出的地址只能使用一次：请在运行 keyferry serve 的终端中按回车键获取新地址，然后在此打开。</p>
<p lang="ko">이 브라우저는 로그인되어 있지 않습니다. 출력된 주소는 한 번만 쓸 수 있습니다. keyferry serve를 실행한 터미널에서 Enter 키를 눌러 새 주소를 받아 여기에서 여세요.</p>`,
)

function page(head: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>Keyferry</title>${head}</head><body>${body}</body></html>`
}
