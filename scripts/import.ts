/**
 * `npm run import`: imports the files of other tools, counts the page views of a web server's access log, or writes an export back. See
 * `--help`.
 */
import { basename } from 'node:path';
import { startOfFile } from '../src/imports/file.ts';
import type { Importer } from '../src/imports/importer.ts';
import { DEFAULT_FORMAT, RECOGNIZED_BYTES, recognizeFormat } from '../src/imports/logs/formats.ts';
import { type Chunks, peek } from '../src/imports/read-lines.ts';
import { importerOf, recognizeFile } from '../src/imports/recognize.ts';
import type { ClientOptions } from './lib/api-client.ts';
import { type Batch, Batcher, type BodyForm, EVENTS_BODY, type FileEvent, LINES_BODY } from './lib/batch.ts';
import { type Answer, restoreEvents, SendError, sendEvents } from './lib/events-client.ts';
import { exportEvents, exportFormat } from './lib/export-import.ts';
import {
  type ImportCommand,
  type ImportOptions,
  parseOptions,
  requireSite,
  USAGE,
  UsageError,
} from './lib/import-options.ts';
import { Progress, Report } from './lib/import-report.ts';
import { keepImport, listImports, undoImport } from './lib/imports-client.ts';
import { openSource } from './lib/lines.ts';
import { foreignMessage, logEvents } from './lib/log-import.ts';
import { runMain } from './lib/run-main.ts';
import { importToolFile, type OpenedFile, openImportFile } from './lib/tool-import.ts';
import { listLine } from './lib/tool-report.ts';

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

process.exitCode = await runMain({
  name: 'import',
  usage: USAGE,
  parse: (args) => parseOptions(args, process.env),
  async run(options) {
    if (options.command !== undefined) return runCommand(options, options.command);
    let code = 0;
    for (const file of options.files) code = Math.max(code, await importFile(file, options));
    return code;
  },
});

/** @returns the exit code. @throws UsageError */
async function importFile(path: string, options: ImportOptions): Promise<number> {
  const progress = new Progress(process.stderr);
  const name = path === '-' ? 'Standard input' : basename(path);
  let report: Report | undefined;
  let failure: string | undefined;
  try {
    const ofTool = await toolOf(path, options);
    if (ofTool !== null) {
      const { text, complete } = await importToolFile(ofTool.file, ofTool.importer, options, progress);
      progress.clear();
      console.log(text);
      return complete ? 0 : 1;
    }
    report = new Report('events');
    const source = openSource(path);
    const contents = await recognize(source.chunks, options);
    report = contents.report;
    await sendAll(contents, options, progress, () => source.progress());
    if (report.foreign) failure = contents.foreign;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    failure =
      error instanceof SendError
        ? error.message
        : `${path} cannot be read: ${error instanceof Error ? error.message : error}.`;
  } finally {
    progress.clear();
  }
  if (report !== undefined) console.log(report.summary(name, !options.dryRun));
  if (failure !== undefined) console.error(`\n${failure}`);
  return failure === undefined && report?.complete ? 0 : 1;
}

/**
 * The importer of a file of another tool; null if it is a log or an export of Speck, which are sent as they always were.
 *
 * @throws UsageError if the file may be of several tools.
 */
async function toolOf(
  path: string,
  { from, format }: ImportOptions,
): Promise<{ readonly file: OpenedFile; readonly importer: Importer } | null> {
  if (path === '-') {
    if (from === undefined) return null;
    throw new UsageError('--from needs a file: an import may read it more than once.');
  }
  const file = await openImportFile(path);
  if (from !== undefined) {
    const importer = await importerOf(from);
    return importer && { file, importer };
  }
  if (format !== undefined) return null;
  const { importer, candidates } = await recognizeFile(file.unpacked);
  // Lines of JSON may be of a tool, of a log or of Speck, so a tool that is certain comes first.
  if (importer && importer.name !== 'logs') return { file, importer };
  if (exportFormat(new TextDecoder().decode(await startOfFile(file.unpacked)))) return null;
  if (candidates.every((name) => name === 'logs')) return null;
  throw new UsageError(
    `${basename(path)} may be of ${candidates.join(' or ')}: say which, with --from ${candidates[0]}.`,
  );
}

/** Lists the imports of a pixel, or ends one. @returns the exit code. */
async function runCommand({ pixel, url, token }: ImportOptions, command: ImportCommand): Promise<number> {
  const progress = new Progress(process.stderr);
  const client: ClientOptions = { url, token, onRetry: (message) => progress.say(message) };
  try {
    if (command.kind === 'list') {
      const imports = await listImports(pixel, client);
      console.log(imports.length === 0 ? 'No imports.' : imports.map(listLine).join('\n'));
    } else if (command.kind === 'keep') {
      await keepImport(pixel, command.id, client);
      console.log(`${command.id} is kept for good.`);
    } else {
      await undoImport(pixel, command.id, client, (left) =>
        progress.show(() => `${left} days left`, undefined),
      );
      progress.clear();
      console.log(`${command.id} is undone. Its days are rolled up again within minutes.`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof SendError)) throw error;
    progress.clear();
    console.error(error.message);
    return 1;
  }
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
