/** The events in a web server's access log: its page views, as `POST /api/v1/events` takes them. */
import { type LogEntry, parseLine, UNREADABLE } from './access-log.ts';
import type { FileEvent } from './batch.ts';
import type { ImportOptions } from './import-options.ts';
import type { Report } from './import-report.ts';
import { type Line, splitLines } from './lines.ts';
import { classify, eventOf, LineIds, LineMoments } from './page-views.ts';

/** @param origin the site whose log it is. */
export async function* logEvents(
  chunks: AsyncIterable<Buffer>,
  options: ImportOptions,
  origin: string,
  report: Report,
): AsyncGenerator<FileEvent> {
  const ids = new LineIds();
  const moments = new LineMoments();
  let isCombined = false;
  for await (const line of splitLines(chunks)) {
    if (line.text?.trim() === '') continue;
    report.line();
    const entry = entryOf(line, isCombined, report);
    if (entry === null) continue;
    isCombined = entry.combined;
    const page = classify(entry, origin, options.include);
    if (!page.ok) {
      report.skipped(page.error);
      continue;
    }
    report.event(entry.time);
    const time = moments.momentOf(entry.time);
    const event = eventOf({ ...entry, time }, page.value, options.pixel, ids.idOf(line.text ?? ''));
    yield { text: JSON.stringify(event), line: line.number };
  }
}

/**
 * What a line says; null, and reported, where it cannot be read.
 * @param isCombined whether the line before is in combined format: a last line without headers is then cut short.
 */
function entryOf(line: Line, isCombined: boolean, report: Report): LogEntry | null {
  if (line.text === null) {
    report.unreadable(line.number, UNREADABLE.too_long);
    return null;
  }
  const parsed = parseLine(line.text);
  if (!parsed.ok) {
    report.unreadable(line.number, UNREADABLE[parsed.error]);
    return null;
  }
  if (isCombined && !line.ended && !parsed.value.combined) {
    report.unreadable(line.number, UNREADABLE.cut_short);
    return null;
  }
  return parsed.value;
}
