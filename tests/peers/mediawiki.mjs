// A real MediaWiki of Debian, with PHP's own server and SQLite, and its changes as Wikimedia's event
// streams tell them. Commands: one JSON object a line on standard input, one JSON answer a line on
// standard output. Ends with its standard input.
//
//   {"do":"account","as":"Anna","bot":true}                     -> {}
//   {"do":"edit","as":"Anna","title":…,"text":…,"summary":…}    -> {"revision":…}   without `as`: nobody's
//   {"do":"hide","revision":…,"what":"comment|user"}            -> {}
//   {"do":"cut"}                                                -> {"cut":1}        ends all connections
//
// What leaves MediaWiki is its own feed of recent changes. The streams are served by kafka-sse, the
// library that Wikimedia's service is made of, with its positions and what it refuses; in place of Kafka
// stands a list in memory. Added here, by the documentation: `$schema` and `meta` of each event. A
// second topic stays empty, as that of the data centre that sleeps.
import { execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import Module, { createRequire } from 'node:module'
import { createServer as createPlain } from 'node:net'
import { fileURLToPath } from 'node:url'
import readline from 'node:readline'

const [dir] = process.argv.slice(2)
const root = `${process.env.RESONANZ_PEERS}/mediawiki/usr/share/mediawiki`
const require = createRequire(`${process.env.RESONANZ_PEERS}/kafka-sse/package.json`)
const PASSWORD = 'correct horse battery staple'
const ADMIN = 'Amtsleiter'

const freePort = async () => {
  const server = createPlain().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

// --- Kafka, in memory: two data centres, of which one sleeps.
const STREAMS = ['mediawiki.recentchange', 'mediawiki.revision-visibility-change']
const topics = new Map(STREAMS.flatMap((name) => [[`eqiad.${name}`, []], [`codfw.${name}`, []]]))

class KafkaConsumer {
  constructor() {
    const partitions = [{ id: 0 }]
    this._metadata = { topics: [...topics.keys()].map((name) => ({ name, partitions })) }
  }
  connect(_, done) {
    done(null)
  }
  offsetsForTimes(asked, done) {
    const found = ({ topic, partition, offset: time }) => {
      const offset = topics.get(topic).findIndex((message) => message.timestamp >= time)
      return { topic, partition, offset }
    }
    done(null, asked.map(found))
  }
  assign(assigned) {
    this.at = assigned.map(({ topic, offset }) => ({
      topic,
      offset: offset < 0 ? topics.get(topic).length : offset,
    }))
  }
  consume(_, done) {
    const place = this.at.find(({ topic, offset }) => offset < topics.get(topic).length)
    done(null, place ? [{ ...topics.get(place.topic)[place.offset++] }] : [])
  }
  disconnect(done) {
    done(null)
  }
}
const stand = { KafkaConsumer, CODES: { ERRORS: { ERR__PARTITION_EOF: -191, ERR__TIMED_OUT: -185 } } }
const load = Module._load
Module._load = (name, ...rest) => (name === 'node-rdkafka' ? stand : load(name, ...rest))
const serve = require('kafka-sse')
Module._load = load
// By its path: the package exports its client only.
const reader = `${process.env.RESONANZ_PEERS}/kafka-sse/node_modules/wikimedia-streams/dist/cjs/streams`
const is = require(`${reader}/EventStream.js`)
const hides = require(`${reader}/MediaWikiRevisionVisibilityChangeEvent.js`)

// --- From MediaWiki's feed to an event.
const faults = []
const tell = (packet) => {
  const stream = packet.visibility ? STREAMS[1] : STREAMS[0]
  const topic = `eqiad.${stream}`
  const log = topics.get(topic)
  const title = (packet.page_title ?? packet.title).replaceAll(' ', '_')
  const now = new Date()
  const event = {
    $schema: `/${stream.replace('.', '/').replace('revision-', 'revision/')}/1.0.0`,
    meta: {
      uri: `${wiki}/index.php/${encodeURIComponent(title)}`,
      request_id: randomUUID(),
      id: randomUUID(),
      dt: now.toISOString(),
      domain: '127.0.0.1',
      stream,
      topic,
      partition: 0,
      offset: log.length,
    },
    ...packet,
  }
  // Another's reader of these streams must know them.
  const known = packet.visibility ? hides.isMediaWikiRevisionVisibilityChangeEvent : is.isWikimediaEvent
  if (!known(event)) faults.push(event)
  const value = JSON.stringify(event)
  log.push({ topic, partition: 0, offset: log.length, timestamp: +now, value: Buffer.from(value) })
}
const feed = createSocket('udp4').on('message', (packet) => tell(JSON.parse(packet)))
feed.bind(0, '127.0.0.1')
await once(feed, 'listening')

// --- The wiki.
const port = await freePort()
const wiki = `http://127.0.0.1:${port}`
const php = (script, ...args) =>
  execFileSync('php', [`${root}/maintenance/${script}`, ...args], { env, stdio: ['ignore', 'pipe', 2] })
const env = { ...process.env, WIKI_DIR: dir, WIKI_FEED: feed.address().port }
php(
  'install.php', '--dbtype', 'sqlite', '--dbpath', `${dir}/data`, '--dbname', 'dewiki', '--lang', 'de',
  '--server', wiki, '--scriptpath', '', '--pass', PASSWORD, '--confpath', dir, 'Wiki', ADMIN,
)
env.MW_CONFIG_FILE = fileURLToPath(new URL('mediawiki.php', import.meta.url))
const server = spawn('php', ['-d', 'display_errors=0', '-S', `127.0.0.1:${port}`, '-t', root], {
  env,
  stdio: 'ignore',
})
process.on('exit', () => server.kill('SIGKILL'))

class Session {
  cookies = new Map()
  async ask(fields) {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ')
    const body = new URLSearchParams({ ...fields, format: 'json', formatversion: '2' })
    const answer = await fetch(`${wiki}/api.php`, { method: 'POST', body, headers: { cookie } })
    for (const set of answer.headers.getSetCookie()) {
      const [name, value] = set.split(';')[0].split('=')
      this.cookies.set(name, value)
    }
    const told = await answer.json()
    if (told.error) throw new Error(told.error.info)
    return told
  }
  async token(type = 'csrf') {
    const { query } = await this.ask({ action: 'query', meta: 'tokens', type })
    return query.tokens[`${type}token`]
  }
}
const sessions = new Map()
const session = async (name) => {
  if (!sessions.has(name)) {
    const own = new Session()
    if (name) {
      const logintoken = await own.token('login')
      const login = { action: 'clientlogin', username: name, password: PASSWORD, logintoken }
      const { clientlogin } = await own.ask({ ...login, loginreturnurl: wiki })
      if (clientlogin.status !== 'PASS') throw new Error(clientlogin.message)
    }
    sessions.set(name, own)
  }
  return sessions.get(name)
}

// --- The streams.
const open = new Set()
const streams = createServer((request, response) => {
  const names = decodeURIComponent(request.url).replace('/v2/stream/', '').split(',')
  const full = names.map((name) => (name.includes('.') ? name : `mediawiki.${name}`))
  const asked = full.flatMap((name) => [`eqiad.${name}`, `codfw.${name}`])
  open.add(response)
  response.on('close', () => open.delete(response))
  // Since Node 16 a request is closed as soon as it is read, which kafka-sse takes for its end.
  const lasting = Object.assign(new EventEmitter(), { headers: request.headers })
  const silent = { info() {}, debug() {}, trace() {}, warn() {}, error() {} }
  const logger = { child: () => silent }
  const allowedTopics = [...topics.keys()]
  serve(lasting, response, asked, { logger, allowedTopics, useTimestampForId: true, idleDelayMs: 20 })
})
streams.listen(0, '127.0.0.1')
await once(streams, 'listening')

const commands = {
  async account({ as, bot }) {
    php('createAndPromote.php', ...(bot ? ['--bot'] : []), as, PASSWORD)
    return {}
  },
  async edit({ as, title, text, summary }) {
    const own = await session(as)
    const edit = { action: 'edit', title, text, summary, token: await own.token() }
    const told = await own.ask(as === undefined ? edit : { ...edit, bot: '1' })
    return { revision: told.edit.newrevid }
  },
  async hide({ revision, what }) {
    const own = await session(ADMIN)
    const hide = { action: 'revisiondelete', type: 'revision', ids: revision, hide: what }
    await own.ask({ ...hide, token: await own.token() })
    return {}
  },
  async cut() {
    const cut = open.size
    for (const response of open) response.destroy()
    return { cut }
  },
}

const answer = (value) => process.stdout.write(JSON.stringify(value) + '\n')
for (let up = false; !up; ) up = await fetch(`${wiki}/api.php`).then((got) => got.ok, () => false)
answer({ url: `http://127.0.0.1:${streams.address().port}` })
for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    const command = JSON.parse(line)
    const told = await commands[command.do](command)
    if (faults.length) throw new Error(`no event of Wikimedia's: ${JSON.stringify(faults)}`)
    answer(told)
  } catch (error) {
    answer({ error: String(error) })
  }
}
process.exit(0)
