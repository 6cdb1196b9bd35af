/** The events in a web server's access log: its page views, as `POST /api/v1/events` takes them. */
import {
  DEFAULT_FORMAT,
  LOG_FORMAT_NAMES,
  LOG_FORMATS,
  type LogFormatName,
  type Recognized,
} from '../../src/imports/logs/formats.ts';
import { LogReader } from '../../src/imports/logs/log-reader.ts';
import type { Site } from '../../src/imports/logs/page-views.ts';
import type { Includable } from '../../src/imports/logs/skipped.ts';
import { type Chunks, lineBlocks } from '../../src/imports/read-lines.ts';
import type { FileEvent } from './batch.ts';
import type { Report } from './import-report.ts';

export interface LogOptions {
  readonly pixel: string;
  readonly site: Site;
  readonly format: LogFormatName;
  readonly include: ReadonlySet<Includable>;
}

export async function* logEvents(
  chunks: Chunks,
  { pixel, site, format, include }: LogOptions,
  report: Report,
): AsyncGenerator<FileEvent> {
  const reader = new LogReader(LOG_FORMATS[format].open(), site, include);
  if (format !== DEFAULT_FORMAT) report.readAs(`${format}: ${LOG_FORMATS[format].title}`);
  report.agents = reader.agents;
  for await (const lines of lineBlocks(chunks)) {
    for (const line of lines) {
      const item = reader.read(line);
      if (item === null) continue;
      report.line();
      if (item.kind === 'unreadable') report.unreadable(item.line, item.why);
      else if (item.kind === 'left_out') report.skipped(item.reason);
      else {
        report.event(item.time, item.lacks);
        yield { text: JSON.stringify({ id: pixel, ev: 'pageview', ...item.event }), line: item.line };
      }
    }
  }
}

/** The message if no line of a file could be read as a log. @param insisted the format of `--format`, if any. */
export function foreignMessage(
  insisted: LogFormatName | undefined,
  { format, read, tried }: Recognized,
): string {
  if (insisted === undefined) {
    return `Not one line could be read. Is this an access log? These are known, and --format NAME insists on one: ${LOG_FORMAT_NAMES.join(', ')}.`;
  }
  if (format === null) return `Not one line could be read as ${insisted}, or in any other format.`;
  return (
    `Not one line could be read as ${insisted}. ${read} of the first ${tried} lines can be read as ${format}: ` +
    `${LOG_FORMATS[format].title}. Leave --format out, or insist: --format ${format}`
  );
}
