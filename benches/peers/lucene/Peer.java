// Lucene Monitor on the posts and queries that `resonanz bench match --write DIR` has written.
// Each line of standard input names a way to run; each is answered with one line of JSON. Times are
// CPU time of the matching thread, so that the compiler and the garbage collector cost nothing.

import java.io.*;
import java.lang.management.ManagementFactory;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;
import org.apache.lucene.analysis.*;
import org.apache.lucene.analysis.tokenattributes.*;
import org.apache.lucene.document.*;
import org.apache.lucene.index.Term;
import org.apache.lucene.monitor.*;
import org.apache.lucene.queries.spans.*;
import org.apache.lucene.search.*;

public class Peer {
    static final String[] FIELDS = {"lang", "type", "site", "voice"};
    static final String WORDS = "words";
    static final Map<String, Integer> counts = new HashMap<>();

    /** Words come cut and folded: a blank between positions, `|` between the forms of one. */
    static final class Forms extends Tokenizer {
        private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
        private final PositionIncrementAttribute step = addAttribute(PositionIncrementAttribute.class);
        private final StringBuilder text = new StringBuilder();
        private final char[] buffer = new char[4096];
        private int at;

        @Override public void reset() throws IOException {
            super.reset();
            text.setLength(0);
            at = 0;
            for (int n; (n = input.read(buffer)) > 0; ) text.append(buffer, 0, n);
        }

        @Override public boolean incrementToken() {
            int steps = at == 0 || text.charAt(at - 1) == ' ' ? 1 : 0;
            for (; at < text.length(); at++) {
                int end = at;
                while (end < text.length() && text.charAt(end) != ' ' && text.charAt(end) != '|') end++;
                if (end == at) { steps++; continue; }
                clearAttributes();
                term.append(text, at, end);
                step.setPositionIncrement(steps);
                at = Math.min(end + 1, text.length());
                return true;
            }
            return false;
        }
    }

    static final Analyzer ANALYZER = new Analyzer() {
        @Override protected TokenStreamComponents createComponents(String field) {
            return new TokenStreamComponents(new Forms());
        }
    };

    static Document post(String line) {
        String[] parts = line.split("\t", -1);
        Document document = new Document();
        for (int i = 0; i < FIELDS.length; i++)
            for (String value : parts[i].split("\\|"))
                if (!value.isEmpty()) document.add(new StringField(FIELDS[i], value, Field.Store.NO));
        document.add(new TextField(WORDS, parts[FIELDS.length], Field.Store.NO));
        for (String term : new HashSet<>(List.of(parts[FIELDS.length].split("[ |]+"))))
            counts.merge(term, 1, Integer::sum);
        return document;
    }

    static RegexpQuery wild(String pattern) {
        StringBuilder regexp = new StringBuilder();
        pattern.codePoints().forEach(c -> {
            if (c == '*') regexp.append(".*");
            else if (c == '?') regexp.append('.');
            else if (Character.isLetterOrDigit(c)) regexp.appendCodePoint(c);
            else regexp.append('\\').appendCodePoint(c);
        });
        return new RegexpQuery(new Term(WORDS, regexp.toString()));
    }

    static Query query(Iterator<String> in) {
        String op = in.next();
        switch (op) {
            case "and": {
                BooleanQuery.Builder all = new BooleanQuery.Builder();
                int must = Integer.parseInt(in.next()), not = Integer.parseInt(in.next());
                for (int i = 0; i < must; i++) all.add(query(in), BooleanClause.Occur.MUST);
                for (int i = 0; i < not; i++) all.add(query(in), BooleanClause.Occur.MUST_NOT);
                return all.build();
            }
            case "or": {
                BooleanQuery.Builder any = new BooleanQuery.Builder();
                for (int i = Integer.parseInt(in.next()); i > 0; i--) any.add(query(in), BooleanClause.Occur.SHOULD);
                return any.build();
            }
            case "phrase": {
                MultiPhraseQuery.Builder phrase = new MultiPhraseQuery.Builder();
                for (int i = Integer.parseInt(in.next()); i > 0; i--) phrase.add(forms(in));
                return phrase.build();
            }
            case "near": return near(in);
            case "term": return new TermQuery(new Term(WORDS, in.next()));
            case "wild": return wild(in.next());
            case "key": return new TermQuery(new Term(in.next(), in.next()));
            default: throw new IllegalArgumentException(op);
        }
    }

    static Term[] forms(Iterator<String> in) {
        int count = 1;
        if (in.next().equals("or")) { count = Integer.parseInt(in.next()); in.next(); }
        Term[] forms = new Term[count];
        for (int i = 0; i < count; i++) {
            if (i > 0) in.next();
            forms[i] = new Term(WORDS, in.next());
        }
        return forms;
    }

    static SpanQuery near(Iterator<String> in) {
        int between = Integer.parseInt(in.next());
        boolean ordered = in.next().equals("1");
        return new SpanNearQuery(new SpanQuery[] {span(in), span(in)}, between, ordered);
    }

    static SpanQuery span(Iterator<String> in) {
        String op = in.next();
        switch (op) {
            case "or": {
                SpanQuery[] any = new SpanQuery[Integer.parseInt(in.next())];
                for (int i = 0; i < any.length; i++) any[i] = span(in);
                return new SpanOrQuery(any);
            }
            case "phrase": {
                SpanQuery[] words = new SpanQuery[Integer.parseInt(in.next())];
                for (int i = 0; i < words.length; i++) words[i] = span(in);
                return new SpanNearQuery(words, 0, true);
            }
            case "near": return near(in);
            case "term": return new SpanTermQuery(new Term(WORDS, in.next()));
            case "wild": return new SpanMultiTermQueryWrapper<>(wild(in.next()));
            default: throw new IllegalArgumentException(op);
        }
    }

    /** As the benches of the project do it, so that the checksums can be compared. */
    static long pair(long post, long query) {
        long z = post << 32 | query;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    static Monitor monitor(Presearcher presearcher, List<MonitorQuery> queries) throws IOException {
        Monitor monitor = new Monitor(ANALYZER, presearcher, new MonitorConfiguration());
        monitor.register(queries);
        return monitor;
    }

    static String round(Monitor monitor, int batch, Document[] posts) throws IOException {
        var threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime(), count = 0, sum = 0;
        for (int from = 0; from < posts.length; from += batch) {
            Document[] some = Arrays.copyOfRange(posts, from, Math.min(from + batch, posts.length));
            MultiMatchingQueries<QueryMatch> found = monitor.match(some, QueryMatch.SIMPLE_MATCHER);
            for (int i = 0; i < some.length; i++)
                for (QueryMatch match : found.getMatches(i)) {
                    count++;
                    sum += pair(from + i, Long.parseLong(match.getQueryId()));
                }
        }
        double us = (threads.getCurrentThreadCpuTime() - start) / 1e3 / posts.length;
        return String.format(Locale.ROOT, "{\"us_per_post\":%.3f,\"pairs\":%d,\"checksum\":\"%016x\"}", us, count, sum);
    }

    public static void main(String[] args) throws IOException {
        Path dir = Path.of(args[0]);
        Document[] posts;
        try (Stream<String> lines = Files.lines(dir.resolve("posts.tsv"))) {
            posts = lines.map(Peer::post).toArray(Document[]::new);
        }
        List<MonitorQuery> queries = new ArrayList<>();
        for (String line : Files.readAllLines(dir.resolve("queries.tree")))
            queries.add(new MonitorQuery(Integer.toString(queries.size()), query(List.of(line.split(" ")).iterator())));
        IndexSearcher.setMaxClauseCount(1 << 20);
        List<CustomQueryHandler> ngrams = List.of(new RegexpQueryHandler());
        TermWeightor rare = TermWeightor.termFreqWeightor(counts, 100, 0.8);
        Map<String, Monitor> monitors = new HashMap<>();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null; ) {
            String[] way = line.split(" ");
            Monitor monitor = monitors.get(way[0]);
            if (monitor == null) {
                Presearcher presearcher = switch (way[0]) {
                    case "default" -> new TermFilteredPresearcher();
                    case "multipass" -> new MultipassTermFilteredPresearcher(4);
                    case "multipass-regexp" -> new MultipassTermFilteredPresearcher(4, 0.0f, TermWeightor.DEFAULT, ngrams, Set.of());
                    case "rare-regexp" -> new MultipassTermFilteredPresearcher(4, 0.0f, rare, ngrams, Set.of());
                    default -> throw new IllegalArgumentException(way[0]);
                };
                monitors.put(way[0], monitor = monitor(presearcher, queries));
            }
            System.out.println(round(monitor, Integer.parseInt(way[1]), posts));
        }
        // The monitors' purging threads would keep the machine running.
        System.exit(0);
    }
}
