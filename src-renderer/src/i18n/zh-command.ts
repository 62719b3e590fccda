import type { enCommand } from './en-command.ts'
import type { WordsLike } from './words.ts'

export const zhCommand: WordsLike<typeof enCommand> = {
  'command.hint':
    '一个程序及其参数，在全部证明之后于 Keyferry 所在机器上运行。不经过 shell；地址在 KEYFERRY_FROM 和 KEYFERRY_TO 中，不含密码。',
  'command.notFromHere': '此控制台不能设置命令：请在那台机器上设置，或用 --allow-commands 提供控制台。',
  'command.wrong': '一个程序及其参数，引号须成对，写在一行',
  'command.consented': '这台机器上已有人同意运行它。',
  'command.unconsented': '其命令尚未获得同意',
  'command.wantsConsent': '这台机器上还没有人同意运行此命令；在此之前迁移不会启动。',
  'command.toOptions': '前往选项',
  'command.takeOut': '去掉它',
  'command.consent.ask': '同意…',
  'command.consent.title': '在割接时运行此命令？',
  'command.consent.text':
    '它在此 Keyferry 所在的机器上运行，拥有启动 Keyferry 的用户的权限；每当带有同一命令的方案割接时都会运行。只同意您了解的命令。',
  'command.consent.deed': '允许运行',
  'command.consent.back': '不允许',
  'command.tick': '运行方案中的命令',
  'command.tickAgain': '再次运行该命令',
  'command.planned': '全部证明之后、同步结束之前运行；若保留回退通道，则在通道开启后立即运行。',
  'command.left': '尚未运行。',
  'command.notRun': '没有运行。',
  'command.running': '正在运行。',
  'command.done': '已成功结束。',
  'command.failed': '失败，退出码 {code}。迁移并未因此结束：可再次运行，或不带它继续。',
  'command.broken': '失败：无法启动、被终止或耗时过长。可再次运行，或不带它继续。',
  'command.lost': '可能已运行：Keyferry 在中途被终止。再次运行之前请查看它做了什么。',
  'command.output': '它最后的输出',
  'command.run': '立即运行',
  'command.again': '再次运行',
}
