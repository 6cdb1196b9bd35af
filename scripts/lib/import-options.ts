/** The command line of `npm run import`. */
import { LOG_FORMAT_NAMES, LOG_FORMATS, type LogFormatName } from '../../src/imports/logs/formats.ts';
import { Site } from '../../src/imports/logs/page-views.ts';
import { INCLUDABLE, type Includable } from '../../src/imports/logs/skipped.ts';
import { normalHost } from '../../src/model/text/host.ts';
import { MOST_EVENTS } from './events-client.ts';
import { originOf, parseFlags, requireToken, TARGET_FLAGS, targetOf, UsageError } from './target.ts';

export { UsageError };

export const USAGE = `Usage: npm run import -- FILE --pixel ID --origin URL [FLAGS]
       npm run import -- EXPORT --pixel ID [FLAGS]

Counts the page views of a web server's access log. Or writes the events of an export (GET /api/v1/pixels/ID/events,
NDJSON or CSV) back as they are; what a file is, it tells by its first lines. Files may be gzipped, and FILE may be -
for standard input.

  --pixel ID        The pixel that they are counted for: px_…
  --origin URL      Of a log: the address of the site whose log it is, such as https://example.com. Of a log of several
                    virtual hosts, which has their names, the lines of this site are counted
  --host LIST       Of a log of several virtual hosts: count the lines of these hosts, by commas, each under its own
                    name; or all
  --format NAME     Of a log: its format, if it is not recognized; see below
  --url URL         Speck's address. Default: http://127.0.0.1:8787
  --token TOKEN     A token with the scope events:write. Default: SPECK_TOKEN, or for a Speck on this machine
                    ADMIN_TOKEN in .dev.vars
  --include LIST    Of a log: count these requests, too, by commas: ${INCLUDABLE.join(', ')}; or all
  --batch N         Send N events at a time, up to ${MOST_EVENTS}. Default: ${MOST_EVENTS}
  --dry-run         Send nothing; show what would be sent

Formats of logs:
${LOG_FORMAT_NAMES.map((name) => `  ${name.padEnd(16)}  ${LOG_FORMATS[name].title}`).join('\n')}

A page view is a GET, answered with 2xx or 304, of what is not a static file, download, feed or robots.txt by its
name. A feed whose name looks like a page's counts; most feed readers are refused as bots.

Every event of a log carries an id made from its line, so that importing it again, or after it has grown, counts
nothing twice. Import it with the same lines in the same order. An export's events have ids, too.

An export belongs into a pixel of the same time zone as the one that it is of: its days are that zone's days.

Events older than the pixel's retention (90 days by default) are counted, too: the cron rolls their days up and, two
days after a day's last change, deletes its events. From then on that day takes no more of them (day_closed).

Exit code: 0 when all readable lines were taken, 1 when something failed or was refused, 2 for a wrong command.`;

export interface ImportOptions {
  readonly file: string;
  readonly pixel: string;
  /** Undefined if none is given. A log needs one, or a host (`requireSite`); an export does not. */
  readonly origin: string | undefined;
  /** The hosts of a log that are counted; empty: those of the origin. */
  readonly hosts: readonly string[] | 'all';
  /** The format of a log; undefined if it is to be recognized. */
  readonly format: LogFormatName | undefined;
  readonly url: string;
  readonly token: string;
  readonly include: ReadonlySet<Includable>;
  readonly batch: number;
  readonly dryRun: boolean;
}

/** @returns the options, or `help`. @throws UsageError */
export function parseOptions(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): ImportOptions | 'help' {
  const { values, positionals } = parseFlags({
    args: [...args],
    allowPositionals: true,
    options: {
      ...TARGET_FLAGS,
      pixel: { type: 'string' },
      origin: { type: 'string' },
      host: { type: 'string', multiple: true, default: [] },
      format: { type: 'string' },
      include: { type: 'string', multiple: true, default: [] },
      batch: { type: 'string', default: String(MOST_EVENTS) },
      'dry-run': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const [file, ...rest] = positionals;
  if (file === undefined) throw new UsageError('Which log or export? Name a file, or - for standard input.');
  if (rest.length > 0) throw new UsageError(`One file at a time: what is ${JSON.stringify(rest[0])}?`);
  const dryRun = values['dry-run'] ?? false;
  const target = targetOf(values, environment);
  return {
    file,
    pixel: pixelOf(values.pixel, dryRun),
    origin: values.origin === undefined ? undefined : originOf(values.origin, '--origin'),
    hosts: hostsOf(values.host),
    format: values.format === undefined ? undefined : formatOf(values.format),
    url: target.url,
    token: dryRun ? '' : requireToken(target),
    include: includeOf(values.include),
    batch: batchOf(values.batch),
    dryRun,
  };
}

function pixelOf(pixel: string | undefined, dryRun: boolean): string {
  if (pixel === undefined && dryRun) return 'px_…';
  if (pixel === undefined) throw new UsageError('For which pixel? Say --pixel px_…');
  if (!pixel.startsWith('px_'))
    throw new UsageError(`${JSON.stringify(pixel)} is no pixel id: they begin with px_`);
  return pixel;
}

/** The site whose log it is. @throws UsageError */
export function requireSite({ origin, hosts }: ImportOptions): Site {
  const [first] = hosts;
  if (origin !== undefined) return new Site(origin, hosts);
  if (hosts === 'all' || first === undefined) {
    throw new UsageError('A log holds paths only: say whose, with --origin https://…');
  }
  return new Site(`https://${first}`, hosts);
}

/** @throws UsageError */
function hostsOf(lists: readonly string[]): readonly string[] | 'all' {
  const names = lists.flatMap((list) => list.split(',')).map((name) => name.trim());
  if (names.includes('all')) return 'all';
  return names.map((name) => {
    const host = normalHost(name);
    if (host === null) throw new UsageError(`--host ${JSON.stringify(name)} is not like www.example.com.`);
    return host;
  });
}

/** @throws UsageError */
function formatOf(name: string): LogFormatName {
  const format = LOG_FORMAT_NAMES.find((known) => known === name);
  if (format === undefined) {
    throw new UsageError(`--format ${JSON.stringify(name)}: there are ${LOG_FORMAT_NAMES.join(', ')}.`);
  }
  return format;
}

function includeOf(lists: readonly string[]): ReadonlySet<Includable> {
  const names = lists.flatMap((list) => list.split(',')).map((name) => name.trim());
  if (names.includes('all')) return new Set(INCLUDABLE);
  const unknown = names.find((name) => !(INCLUDABLE as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--include ${JSON.stringify(unknown)}: there are ${INCLUDABLE.join(', ')} and all.`);
  }
  return new Set(names as Includable[]);
}

function batchOf(text: string): number {
  const batch = Number(text);
  if (!Number.isInteger(batch) || batch < 1 || batch > MOST_EVENTS) {
    throw new UsageError(`--batch ${JSON.stringify(text)} must be a number from 1 to ${MOST_EVENTS}.`);
  }
  return batch;
}
