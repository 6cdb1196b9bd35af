/** The events in a web server's access log: its page views, as `POST /api/v1/events` takes them. */
import { parseLine, UNREADABLE } from './access-log.ts';
import type { FileEvent } from './batch.ts';
import type { ImportOptions } from './import-options.ts';
import type { Report } from './import-report.ts';
import { type Line, splitLines } from './lines.ts';
import { classify, eventOf, type ImportedEvent, LineIds, LineMoments } from './page-views.ts';

/** @param origin the site whose log it is. */
export async function* logEvents(
  chunks: AsyncIterable<Buffer>,
  options: ImportOptions,
  origin: string,
  report: Report,
): AsyncGenerator<FileEvent> {
  const ids = new LineIds();
  const moments = new LineMoments();
  for await (const line of splitLines(chunks)) {
    const event = eventOfLine(line, options, origin, ids, moments, report);
    if (event) yield { text: JSON.stringify(event), line: line.number };
  }
}

function eventOfLine(
  line: Line,
  { include, pixel }: ImportOptions,
  origin: string,
  ids: LineIds,
  moments: LineMoments,
  report: Report,
): ImportedEvent | null {
  if (line.text?.trim() === '') return null;
  report.line();
  if (line.text === null) {
    report.unreadable(line.number, UNREADABLE.too_long);
    return null;
  }
  const parsed = parseLine(line.text);
  if (!parsed.ok) {
    report.unreadable(line.number, UNREADABLE[parsed.error]);
    return null;
  }
  const entry = parsed.value;
  const page = classify(entry, origin, include);
  if (!page.ok) {
    report.skipped(page.error);
    return null;
  }
  report.event(entry.time);
  const time = moments.momentOf(entry.time);
  return eventOf({ ...entry, time }, page.value, pixel, ids.idOf(line.text));
}
