import type { Command } from 'commander'
import type { Tasks } from '#migration/tasks.ts'
import { wholeNumber } from './option-values.ts'
import type { Output } from './output.ts'
import { withPort } from './port.ts'

export interface MetricsFlag {
  readonly metrics?: number
}

export function addMetricsFlag(command: Command): Command {
  return command.option(
    '--metrics <port>',
    'meanwhile, serve figures for Prometheus at http://127.0.0.1:PORT/metrics; 0 takes a free one',
    wholeNumber(0, 65535),
  )
}

/** Serves the figures of these tasks until it is disposed of; null where nobody asked for it. */
export async function openMetrics(
  { metrics: port }: MetricsFlag,
  tasks: Tasks,
  output: Output,
): Promise<AsyncDisposable | null> {
  if (port === undefined) return null
  const [{ serveMetrics }, { metricsOf }] = await Promise.all([
    import('../serve/metrics-page.ts'),
    import('#migration/metrics.ts'),
  ])
  const page = await withPort('--metrics', port, () => serveMetrics(port, () => metricsOf(tasks)))
  output.note(`Figures for Prometheus: ${page.url}`)
  return page
}
