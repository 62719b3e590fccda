import { expect, test } from 'vitest'
import { parseInfo } from './info.ts'
import { replicaPlaces } from './replication.ts'

test('replicas are found in either form of INFO, wherever they are', () => {
  const info = parseInfo(
    'slave0:127.0.0.1,6380,online\r\nslave1:ip=::1,port=6381,state=online,offset=1,lag=0\r\nslave_repl_offset:7',
  )
  expect(replicaPlaces(info)).toEqual([
    { host: '127.0.0.1', port: 6380 },
    { host: '::1', port: 6381 },
  ])
})
