/** The command line of `npm run import`. */
import { LOG_FORMAT_NAMES, LOG_FORMATS, type LogFormatName } from '../../src/imports/logs/formats.ts';
import { Site } from '../../src/imports/logs/page-views.ts';
import { INCLUDABLE, type Includable } from '../../src/imports/logs/skipped.ts';
import { IMPORTER_NAMES } from '../../src/imports/recognize.ts';
import { isImportId } from '../../src/model/import.ts';
import { normalHost } from '../../src/model/text/host.ts';
import { isDay } from '../../src/model/time-zone.ts';
import { MOST_EVENTS } from './events-client.ts';
import { originOf, parseFlags, requireToken, TARGET_FLAGS, targetOf, UsageError } from './target.ts';

export { UsageError };

export const USAGE = `Usage: npm run import -- FILE… --pixel ID [--from NAME] [FLAGS]
       npm run import -- --list | --undo IMPORT | --keep IMPORT --pixel ID [FLAGS]

Imports the history of another tool, counts the page views of a web server's access log, or writes the events of an
export of Speck (GET /api/v1/pixels/ID/events, NDJSON or CSV) back as they are. What a file is, it tells by its name
and first lines. Files may be gzipped. FILE may be - for standard input, of a log or an export of Speck.

  --pixel ID        The pixel that they are counted for: px_…
  --from NAME       The tool that has written the file, if it is not recognized: ${IMPORTER_NAMES.filter((name) => name !== 'logs').join(', ')};
                    or logs, for an access log that can be undone as the files of tools can
  --origin URL      The address of the site, such as https://example.com. A log needs it. Of a log of several virtual
                    hosts, which has their names, the lines of this site are counted. For other files it completes
                    paths; default: the pixel's URL
  --since DAY       Of a tool: the first day to import, YYYY-MM-DD, in the pixel's time zone
  --until DAY       Of a tool: the last day; or none. Default: only what happened before the first event that Speck has
                    counted itself
  --host LIST       Of a log of several virtual hosts: count the lines of these hosts, by commas, each under its own
                    name; or all
  --format NAME     Of a log: its format, if it is not recognized; see below
  --include LIST    Of a log: count these requests, too, by commas: ${INCLUDABLE.join(', ')}; or all
  --list            List the imports of the pixel
  --undo IMPORT     Undo an import: imp_…
  --keep IMPORT     Keep an import for good: it cannot be undone any more, and its days are purged as others are
  --url URL         Speck's address. Default: http://127.0.0.1:8787
  --token TOKEN     A token with the scope events:write, and to undo or keep, pixels:write. Default: SPECK_TOKEN, or for
                    a Speck on this machine ADMIN_TOKEN in .dev.vars
  --batch N         Send N events at a time, up to ${MOST_EVENTS}. Default: ${MOST_EVENTS}
  --dry-run         Send nothing; show what would be sent

Formats of logs:
${LOG_FORMAT_NAMES.map((name) => `  ${name.padEnd(16)}  ${LOG_FORMATS[name].title}`).join('\n')}

A page view is a GET, answered with 2xx or 304, of what is not a static file, download, feed or robots.txt by its
name. A feed whose name looks like a page's counts; most feed readers are refused as bots.

Every event has an id that is the same in every import, so that importing a file again, or after it has grown, counts
nothing twice. An import that was interrupted continues if the same command is run again.

An export of Speck belongs into a pixel of the same time zone as the one that it is of: its days are that zone's days.

Events older than the pixel's retention (90 days by default) are counted, too: the cron rolls their days up, and later
deletes their events: of a log, two days after a day's last change, and of an import, when it cannot be undone any more.
From then on that day takes no more of them (day_closed).

Exit code: 0 when all readable lines were taken, 1 when something failed or was refused, 2 for a wrong command.`;

/** What to do with an import, or with all of them. */
export type ImportCommand =
  | { readonly kind: 'list' }
  | { readonly kind: 'undo' | 'keep'; readonly id: string };

export interface ImportOptions {
  /** At least one, unless there is a command. */
  readonly files: readonly string[];
  readonly command: ImportCommand | undefined;
  /** The name of the importer; undefined if it is to be recognized. */
  readonly from: string | undefined;
  /** The first and the last day; null: no last day. Undefined: Speck's own choice. */
  readonly since: string | undefined;
  readonly until: string | null | undefined;
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
      from: { type: 'string' },
      since: { type: 'string' },
      until: { type: 'string' },
      list: { type: 'boolean' },
      undo: { type: 'string' },
      keep: { type: 'string' },
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
  const command = commandOf(values);
  if (command === undefined && positionals.length === 0) {
    throw new UsageError('Which file? Name an export or a log, or - for standard input.');
  }
  const dryRun = values['dry-run'] ?? false;
  const target = targetOf(values, environment);
  return {
    files: positionals,
    command,
    from: values.from === undefined ? undefined : importerNameOf(values.from),
    since: values.since === undefined ? undefined : dayOf(values.since, '--since'),
    until:
      values.until === undefined
        ? undefined
        : values.until === 'none'
          ? null
          : dayOf(values.until, '--until'),
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

/** @throws UsageError */
function commandOf(flags: {
  readonly list?: boolean | undefined;
  readonly undo?: string | undefined;
  readonly keep?: string | undefined;
}): ImportCommand | undefined {
  if (flags.list) return { kind: 'list' };
  const kind = flags.undo === undefined ? 'keep' : 'undo';
  const id = flags[kind];
  if (id === undefined) return undefined;
  if (isImportId(id)) return { kind, id };
  throw new UsageError(`--${kind} ${JSON.stringify(id)} is no import: see --list.`);
}

/** @throws UsageError */
function importerNameOf(name: string): string {
  if (IMPORTER_NAMES.includes(name)) return name;
  throw new UsageError(`--from ${JSON.stringify(name)}: there are ${IMPORTER_NAMES.join(', ')}.`);
}

/** @throws UsageError */
function dayOf(text: string, flag: string): string {
  if (isDay(text)) return text;
  throw new UsageError(`${flag} ${JSON.stringify(text)} is no day: write YYYY-MM-DD.`);
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
