/** `npm run import`: counts the page views of a web server's access log. `--help` says how. */
import { basename } from 'node:path';
import { parseLine } from './lib/access-log.ts';
import { type Batch, Batcher } from './lib/batch.ts';
import { SendError, sendEvents } from './lib/events-client.ts';
import { type ImportOptions, parseOptions, USAGE, UsageError } from './lib/import-options.ts';
import { Progress, Report } from './lib/import-report.ts';
import { type Line, openLines, type Source } from './lib/lines.ts';
import { classify, eventOf, type ImportedEvent, LineIds } from './lib/page-views.ts';

/** A dry run shows this many. */
const SHOWN_EVENTS = 3;
const FOREIGN =
  'Not one line could be read. Is this an access log of Apache or nginx, in combined or common format?';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: ImportOptions | 'help';
  try {
    options = parseOptions(args, process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\nnpm run import -- --help says more.`);
    return 2;
  }
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  const name = options.file === '-' ? 'Standard input' : basename(options.file);
  const report = new Report();
  const failure = (await importLog(options, report)) ?? (report.foreign ? FOREIGN : undefined);
  console.log(report.summary(name, !options.dryRun));
  if (failure !== undefined) console.error(`\n${failure}`);
  return failure === undefined && report.complete ? 0 : 1;
}

/** @returns why it had to stop, or undefined when it came to the end. */
async function importLog(options: ImportOptions, report: Report): Promise<string | undefined> {
  const progress = new Progress(process.stderr);
  let source: Source;
  try {
    source = openLines(options.file);
    await sendLines(source, options, report, progress);
    return undefined;
  } catch (error) {
    if (error instanceof SendError) return error.message;
    return `${options.file} cannot be read: ${error instanceof Error ? error.message : error}.`;
  } finally {
    progress.clear();
  }
}

async function sendLines(
  source: Source,
  options: ImportOptions,
  report: Report,
  progress: Progress,
): Promise<void> {
  const batcher = new Batcher(options.batch);
  const ids = new LineIds();
  const send = (batch: Batch | undefined) => batch && sendBatch(batch, options, report, progress);
  let shown = 0;

  for await (const line of source.lines) {
    const event = eventOfLine(line, options, ids, report);
    progress.show(() => report.status, source.progress());
    if (!event) continue;
    if (!options.dryRun) await send(batcher.add(event, line.number));
    else if (shown++ < SHOWN_EVENTS) progress.say(JSON.stringify(event));
  }
  await send(batcher.take());
}

function eventOfLine(line: Line, options: ImportOptions, ids: LineIds, report: Report): ImportedEvent | null {
  if (line.text?.trim() === '') return null;
  report.line();
  if (line.text === null) {
    report.unreadable(line.number, 'too_long');
    return null;
  }
  const parsed = parseLine(line.text);
  if (!parsed.ok) {
    report.unreadable(line.number, parsed.error);
    return null;
  }
  const entry = parsed.value;
  const page = classify(entry, options.origin, options.include);
  if (!page.ok) {
    report.skipped(page.error);
    return null;
  }
  report.pageView(entry.time);
  return eventOf(entry, page.value, options.pixel, ids.idOf(line.text));
}

async function sendBatch(
  { body, lines }: Batch,
  options: ImportOptions,
  report: Report,
  progress: Progress,
): Promise<void> {
  const answer = await sendEvents(body, {
    url: options.url,
    token: options.token,
    onRetry: (message) => progress.say(message),
  });
  if (answer.rejected.some(({ reason }) => reason === 'unknown_pixel')) {
    throw new SendError(`${options.url} has no pixel ${options.pixel}. Check --pixel and --url.`);
  }
  report.answered(answer, lines);
}
