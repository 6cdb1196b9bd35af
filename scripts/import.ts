/** `npm run import`: counts the page views of a web server's access log, or writes an export back. See `--help`. */
import { basename } from 'node:path';
import { DEFAULT_FORMAT, RECOGNIZED_BYTES, recognizeFormat } from '../src/imports/logs/formats.ts';
import { type Chunks, peek } from '../src/imports/read-lines.ts';
import type { ClientOptions } from './lib/api-client.ts';
import { type Batch, Batcher, type BodyForm, EVENTS_BODY, type FileEvent, LINES_BODY } from './lib/batch.ts';
import { type Answer, restoreEvents, SendError, sendEvents } from './lib/events-client.ts';
import { exportEvents, exportFormat } from './lib/export-import.ts';
import { type ImportOptions, parseOptions, requireSite, USAGE, UsageError } from './lib/import-options.ts';
import { Progress, Report } from './lib/import-report.ts';
import { openSource } from './lib/lines.ts';
import { foreignMessage, logEvents } from './lib/log-import.ts';

/** The number of events that a dry run prints. */
const PRINTED_EVENTS = 3;

/** What is imported, and how it is sent. */
interface Import {
  readonly report: Report;
  readonly events: AsyncIterable<FileEvent>;
  readonly form: BodyForm;
  send(body: string, client: ClientOptions): Promise<Answer>;
  /** The message if no line could be read. */
  readonly foreign: string;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args, process.env);
    if (options !== 'help') return await importFile(options);
    console.log(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\nnpm run import -- --help says more.`);
    return 2;
  }
}

/** @returns the exit code. @throws UsageError */
async function importFile(options: ImportOptions): Promise<number> {
  const progress = new Progress(process.stderr);
  const name = options.file === '-' ? 'Standard input' : basename(options.file);
  let report = new Report('events');
  let failure: string | undefined;
  try {
    const source = openSource(options.file);
    const contents = await recognize(source.chunks, options);
    report = contents.report;
    await sendAll(contents, options, progress, () => source.progress());
    if (report.foreign) failure = contents.foreign;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    failure =
      error instanceof SendError
        ? error.message
        : `${options.file} cannot be read: ${error instanceof Error ? error.message : error}.`;
  } finally {
    progress.clear();
  }
  console.log(report.summary(name, !options.dryRun));
  if (failure !== undefined) console.error(`\n${failure}`);
  return failure === undefined && report.complete ? 0 : 1;
}

/** Tells a log from an export by its first bytes. */
async function recognize(chunks: Chunks, options: ImportOptions): Promise<Import> {
  const { start, all } = await peek(chunks, RECOGNIZED_BYTES);
  const recognized = recognizeFormat(start);
  const isLog = options.format !== undefined || recognized.format !== null;
  const exported = isLog ? null : exportFormat(new TextDecoder().decode(start));
  if (exported) {
    const report = new Report('events');
    return {
      report,
      events: exportEvents(exported, all, report),
      form: LINES_BODY,
      send: (body, client) => restoreEvents(options.pixel, body, client),
      foreign: 'Not one line could be read. Is this an export of Speck?',
    };
  }
  const report = new Report('page views');
  const format = options.format ?? recognized.format ?? DEFAULT_FORMAT;
  const { pixel, include } = options;
  return {
    report,
    events: logEvents(all, { pixel, include, format, site: requireSite(options) }, report),
    form: EVENTS_BODY,
    send: sendEvents,
    foreign: foreignMessage(options.format, recognized),
  };
}

async function sendAll(
  { report, events, form, send }: Import,
  options: ImportOptions,
  progress: Progress,
  part: () => number | undefined,
): Promise<void> {
  const batcher = new Batcher(options.batch, form);
  const client: ClientOptions = {
    url: options.url,
    token: options.token,
    onRetry: (message) => progress.say(message),
  };
  const sendBatch = async (batch: Batch | undefined): Promise<void> => {
    if (batch) addAnswer(await send(batch.body, client), batch, options, report);
  };
  let printed = 0;
  for await (const event of events) {
    progress.show(() => report.status, part());
    if (!options.dryRun) await sendBatch(batcher.add(event));
    else if (printed++ < PRINTED_EVENTS) progress.say(event.text);
  }
  await sendBatch(batcher.take());
}

function addAnswer(answer: Answer, { lines }: Batch, options: ImportOptions, report: Report): void {
  if (answer.rejected.some(({ reason }) => reason === 'unknown_pixel')) {
    throw new SendError(`${options.url} has no pixel ${options.pixel}. Check --pixel and --url.`);
  }
  report.answered(answer, lines);
}
