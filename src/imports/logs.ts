/** Web servers' access logs: their page views become events, as `npm run import` counts them. */
import type { Certainty, Importer, ImportItem } from './importer.ts';
import { DEFAULT_FORMAT, LOG_FORMATS, RECOGNIZED_BYTES, recognizeFormat } from './logs/formats.ts';
import { LogReader } from './logs/log-reader.ts';
import { Site } from './logs/page-views.ts';
import { SKIPPED } from './logs/skipped.ts';
import { blobChunks, lineBlocks, peek, utf8 } from './read-lines.ts';

export const logs: Importer = {
  name: 'logs',

  recognize(_name, start): Certainty {
    const { format, read, tried } = recognizeFormat(start);
    if (format === null) return 0;
    return read * 2 > tried ? 2 : 1;
  },

  async *read({ blob }, { origin, log = {} }): AsyncGenerator<ImportItem> {
    const { start, all } = await peek(utf8(blobChunks(blob)), RECOGNIZED_BYTES);
    const format = log.format ?? recognizeFormat(start).format ?? DEFAULT_FORMAT;
    const site = new Site(origin, log.hosts);
    const reader = new LogReader(LOG_FORMATS[format].open(), site, new Set(log.include));
    for await (const lines of lineBlocks(all)) {
      for (const line of lines) {
        const item = reader.read(line);
        if (item?.kind === 'left_out') yield { ...item, reason: `${item.reason}: ${SKIPPED[item.reason]}` };
        else if (item?.kind === 'event') yield { kind: 'event', event: item.event, line: item.line };
        else if (item) yield item;
      }
    }
  },

  losses: [
    'A log has requests, not people reading: it knows no engagement, no custom events, and no pages that the browser shows from its cache without asking.',
    'Pages that a cache or a content delivery network answers are only in that network’s own log.',
    'Common format, load balancers and some JSON lack the referrer, so all visits are direct. Without the user agent there are no visitors, only page views.',
    'Of the visitor’s place, only the country is known, and only to logs of Cloudflare and CloudFront.',
    'Crawlers are refused as bots. Those that call themselves browsers are counted.',
  ],
};
