// What bottender, a framework that answers Messenger, sees in deliveries of Meta's: in those that its
// own tests keep, and in those that stand on standard input, one JSON body a line.
//
// A line each: {"from":…,"body":…,"told":[{"id":…,"text":…}]}, told being the words that somebody else
// wrote, and not the page itself.
const fs = require('fs')
const root = `${process.env.RESONANZ_PEERS ?? `${process.env.HOME}/.cache/resonanz-peers`}/bottender/package/lib`
const MessengerEvent = require(`${root}/context/MessengerEvent.js`).default

// The objects that a test file begins with, by name. What it tests is not run.
const kept = (file) => {
  const text = fs.readFileSync(`${root}/${file}`, 'utf8')
  const head = text.slice(0, text.search(/^(describe|it|beforeEach|afterEach)\(/m))
  const data = head.replace(/^(import|jest)\b.*$/gm, '').replace(/^export /gm, '')
  const names = [...data.matchAll(/^const (\w+) = /gm)].map((match) => match[1])
  return new Function(`${data}; return {${names.join(', ')}}`)()
}
const delivered = (event) => ({
  object: 'page',
  entry: [{ id: event.recipient?.id ?? '1', time: event.timestamp ?? 1491796363181, messaging: [event] }],
})
const tell = (from, body) => {
  const entries = (body.entry ?? []).flatMap((entry) => [entry.messaging ?? [], entry.standby ?? []].flat())
  const events = entries.map((raw) => new MessengerEvent(raw))
  const words = events.filter((event) => event.isText && !event.isEcho)
  const told = words.map((event) => ({ id: event.message.mid, text: event.text }))
  process.stdout.write(JSON.stringify({ from, body, told }) + '\n')
}

const events = kept('context/__tests__/MessengerEvent.spec.js')
for (const [name, event] of Object.entries(events)) {
  if (event instanceof Object) tell(name, delivered(event))
}
const requests = kept('bot/__tests__/MessengerConnector.spec.js')
for (const [name, request] of Object.entries(requests)) if (request.body) tell(name, request.body)
for (const line of fs.readFileSync(0, 'utf8').split('\n')) if (line) tell('ours', JSON.parse(line))
