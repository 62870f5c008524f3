// A real Bluesky PDS and PLC directory in memory, and commands for it: one JSON object a line on
// standard input, one JSON answer a line on standard output. Ends with its standard input.
//
//   {"do":"account","handle":"alice"}                 -> {"did":…}
//   {"do":"post","as":"alice","text":…,"langs":[…]}   -> {"uri":…,"cid":…}
//   {"do":"edit","uri":…,"text":…}  {"do":"delete","uri":…}
//   {"do":"deactivate","as":…}  {"do":"activate","as":…}
//   {"do":"app-password","as":…,"messages":true}      -> {"password":…}
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import readline from 'node:readline'

const require = createRequire(`${process.env.RESONANZ_PEERS}/pds/package.json`)
const { TestNetworkNoAppView } = require('@atproto/dev-env')
const { AtpAgent } = require('@atproto/api')

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const log = console.error
console.log = log // What the servers print must not look like an answer.
const answer = (value) => process.stdout.write(JSON.stringify(value) + '\n')

const network = await TestNetworkNoAppView.create({
  pds: { port: await freePort(), hostname: 'localhost' },
  plc: { port: await freePort() },
})
const agents = new Map()
const COLLECTION = 'app.bsky.feed.post'
const record = (m) => ({
  $type: COLLECTION,
  text: m.text,
  langs: m.langs ?? ['de'],
  createdAt: m.createdAt ?? new Date().toISOString(),
  ...(m.reply ? { reply: { root: m.reply, parent: m.reply } } : {}),
})
const parts = (uri) => {
  const [did, collection, rkey] = uri.slice('at://'.length).split('/')
  const agent = [...agents.values()].find((a) => a.session.did === did)
  return { agent, repo: did, collection, rkey }
}

const commands = {
  async account({ handle }) {
    const agent = new AtpAgent({ service: network.pds.url })
    await agent.createAccount({
      handle: `${handle}.test`,
      email: `${handle}@test.example`,
      password: 'correct horse battery staple',
    })
    agents.set(handle, agent)
    return { did: agent.session.did }
  },
  async post(m) {
    const agent = agents.get(m.as)
    const made = await agent.com.atproto.repo.createRecord({
      repo: agent.session.did,
      collection: COLLECTION,
      record: record(m),
    })
    return made.data
  },
  async edit(m) {
    const { agent, ...at } = parts(m.uri)
    const { data } = await agent.com.atproto.repo.getRecord(at)
    const put = { ...at, record: { ...data.value, text: m.text } }
    return (await agent.com.atproto.repo.putRecord(put)).data
  },
  async delete(m) {
    const { agent, ...at } = parts(m.uri)
    await agent.com.atproto.repo.deleteRecord(at)
    return {}
  },
  async 'app-password'(m) {
    const agent = agents.get(m.as)
    const name = m.messages ? 'with messages' : 'without messages'
    const { data } = await agent.com.atproto.server.createAppPassword({ name, privileged: m.messages })
    return { password: data.password }
  },
  async deactivate(m) {
    await agents.get(m.as).com.atproto.server.deactivateAccount({})
    return {}
  },
  async activate(m) {
    await agents.get(m.as).com.atproto.server.activateAccount()
    return {}
  },
}

answer({ pds: network.pds.url, plc: network.plc.url })
const lines = readline.createInterface({ input: process.stdin })
for await (const line of lines) {
  try {
    const message = JSON.parse(line)
    answer(await commands[message.do](message))
  } catch (error) {
    log(error)
    answer({ error: String(error.message ?? error) })
  }
}
process.reallyExit(0) // Native modules of the server abort when Node cleans up after them.
