/** Importers read files of any size in a small memory: each reads 60 MB in a process that may hold 40 MB. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../e2e/harness.ts';
import { runCommand } from './project.ts';

const MEGABYTES = 60;

/** The beginning of a file, a row with its number in the place of `#`, and the end. */
const FILES: Readonly<Record<string, readonly [start: string, row: string, end: string]>> = {
  goatcounter: [
    '2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date\\n',
    '/page-#,"A title, of a page",0,,Firefox 120,Windows 10,s#,0,www.google.com,h,"1280,0,1",DE,1,2024-05-01T10:00:00Z\\n',
    '',
  ],
  umami: [
    'session_id,event_id,hostname,url_path,event_type,event_name,created_at\\n',
    's#,e#,example.com,/page-#,1,,2024-05-01 10:00:00\\n',
    '',
  ],
  matomo: [
    '[',
    '{"idVisit":"#","visitorId":"v#","actionDetails":[{"type":"action","url":"https://example.com/","pageId":"#","timestamp":1714557600}]},',
    '{"idVisit":"1","actionDetails":[]}]',
  ],
  segment: [
    '',
    '{"type":"page","messageId":"m#","anonymousId":"a#","timestamp":"2024-05-01T10:00:00Z","context":{"page":{"url":"https://example.com/"}}}\\n',
    '',
  ],
};

function program(name: string, [start, row, end]: readonly [string, string, string]): string {
  return `
    import { IMPORTERS } from ${JSON.stringify(join(ROOT, 'src/imports/table.ts'))};
    const encoder = new TextEncoder();
    const importer = await IMPORTERS[${JSON.stringify(name)}]();
    let place = 0;
    let left = ${MEGABYTES * 1_000_000};
    const stream = () => new ReadableStream({
      start: (controller) => controller.enqueue(encoder.encode(\`${start}\`)),
      pull(controller) {
        if (left <= 0) {
          controller.enqueue(encoder.encode(\`${end}\`));
          controller.close();
          return;
        }
        let text = '';
        while (text.length < 60_000) {
          place += 1;
          text += \`${row}\`.replaceAll('#', place);
        }
        left -= text.length;
        controller.enqueue(encoder.encode(text));
      },
    });
    const blob = { stream, size: 2 ** 31, slice: () => new Blob([\`${start}${row}\`]) };
    let events = 0;
    let others = 0;
    for await (const item of importer.read({ name: 'x', blob }, { origin: 'https://example.com', timezone: 'UTC' })) {
      if (item.kind === 'event') events += 1;
      else others += 1;
    }
    console.log(JSON.stringify({ place, events, others }));
  `;
}

describe.each(Object.entries(FILES))('%s', (name, file) => {
  it(`reads ${MEGABYTES} MB in a small memory`, async () => {
    const options = ['--max-old-space-size=40', '--input-type=module-typescript', '-e', program(name, file)];
    const script = runCommand(process.execPath, options, { env: process.env });
    expect(await script.ended, script.stderr()).toBe(0);
    const { place, events, others } = JSON.parse(script.stdout()) as Record<string, number>;
    expect(events).toBe(place);
    expect(others).toBe(0);
  });
});
