// Sitemaps as the package `sitemap` writes them, which many publishers' sites run, served on loopback.
//
//   /news.xml            headlines, pictures and translations
//   /index.xml           an index of /part-0.xml.gz and /part-1.xml
//
// Prints {"url":…} when it answers, and ends with its standard input.
import { createRequire } from 'node:module'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'

const require = createRequire(`${process.env.RESONANZ_PEERS}/sitemap/package.json`)
const { SitemapStream, SitemapIndexStream, streamToPromise } = require('sitemap')

const server = createServer((request, response) => {
  const body = pages[request.url]
  response.writeHead(body ? 200 : 404, { 'Content-Type': 'application/xml' })
  response.end(body)
})
await new Promise((done) => server.listen(0, '127.0.0.1', done))
const url = `http://127.0.0.1:${server.address().port}`

const written = (stream, entries) => streamToPromise(Readable.from(entries).pipe(stream))
const news = (title, publication_date) => ({
  publication: { name: 'Beispiel & Söhne', language: 'de' },
  publication_date,
  title,
})
const headlines = [
  {
    url: '/politik/grenze',
    lastmod: '2026-11-23T11:30:00.000Z',
    news: news('Grenze: „Es bleibt dabei“ & mehr <live>', '2026-11-23T09:00:00+01:00'),
    img: [{ url: '/bild.jpg?a=1&b=2', title: 'Ein Bild', caption: 'Am Übergang' }],
    links: [{ lang: 'en', url: '/en/politics/border' }],
  },
  {
    url: '/meinung/kommentar?id=7&utm_source=sitemap',
    news: { ...news("Was die Ministerin nicht sagt – 'ein' Kommentar 🗞", '2026-11-23'), keywords: 'a, b' },
  },
  { url: '/ueber-uns', lastmod: '2019-01-01', changefreq: 'yearly', priority: 0.1 },
]
const part = (number) =>
  written(new SitemapStream({ hostname: url }), [
    { url: `/teil/${number}`, news: news(`Teil ${number}`, '2026-11-22T18:00:00.000Z') },
  ])
const pages = {
  '/news.xml': await written(new SitemapStream({ hostname: url }), headlines),
  '/index.xml': await written(new SitemapIndexStream(), [
    { url: `${url}/part-0.xml.gz`, lastmod: '2026-11-22' },
    { url: `${url}/part-1.xml`, lastmod: '2026-11-23' },
  ]),
  '/part-0.xml.gz': gzipSync(await part(0)),
  '/part-1.xml': await part(1),
}
process.stdout.write(JSON.stringify({ url }) + '\n')
process.stdin.resume().on('end', () => process.exit(0))
