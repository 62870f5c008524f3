// What lies between the development PDS and a Jetstream.
//
// * A roster of hosts, which a Jetstream asks for before it serves and a bare PDS lacks. It is
//   empty, so there is nothing to backfill.
// * DID documents with the key as a Multikey: the development PLC still writes it the old way,
//   which a Jetstream cannot verify signatures with.
// * Everything else goes through to the PDS, the firehose included.
//
//   node relay.mjs PDS_URL PLC_URL    prints {"relay":URL}, ends with its standard input
import http from 'node:http'
import net from 'node:net'

const pds = new URL(process.argv[2])
const plc = process.argv[3]
const to = { host: '127.0.0.1', port: pds.port }

async function document(did) {
  const [doc, data] = await Promise.all(
    [did, `${did}/data`].map(async (path) => (await fetch(`${plc}/${path}`)).json()),
  )
  for (const method of doc.verificationMethod ?? []) {
    const key = data.verificationMethods?.[method.id.split('#').pop()]
    if (key) Object.assign(method, { type: 'Multikey', publicKeyMultibase: key.slice('did:key:'.length) })
  }
  return doc
}

const server = http.createServer((request, response) => {
  if (request.url.startsWith('/did:')) {
    document(request.url.slice(1)).then(
      (doc) => response.setHeader('content-type', 'application/json').end(JSON.stringify(doc)),
      () => response.writeHead(502).end(),
    )
    return
  }
  if (request.url.startsWith('/xrpc/com.atproto.sync.listHosts')) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ hosts: [] }))
    return
  }
  const { method, url, headers } = request
  const forward = http.request({ ...to, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers)
    answer.pipe(response)
  })
  forward.on('error', () => response.destroy())
  request.pipe(forward)
})
// The firehose: the websocket's bytes in both directions.
server.on('upgrade', (request, socket, head) => {
  const forward = net.connect(to, () => {
    const headers = request.rawHeaders
    const lines = [`GET ${request.url} HTTP/1.1`]
    for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
    forward.write(lines.join('\r\n') + '\r\n\r\n')
    forward.write(head)
    socket.pipe(forward).pipe(socket)
  })
  for (const side of [socket, forward]) side.on('error', () => (socket.destroy(), forward.destroy()))
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(JSON.stringify({ relay: `http://127.0.0.1:${server.address().port}` }) + '\n')
})
process.stdin.resume().on('end', () => process.exit(0))
