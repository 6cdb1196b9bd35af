/** GoatCounter: the requests of its script, each with one page view or event in the query, and batches of its API. */

import { parseFields } from '../../model/fields.ts';
import { LIMITS } from '../../model/limits.ts';
import { ok, type Result } from '../../model/result.ts';
import type { RawEvent } from '../../model/wire.ts';
import { MAX_BATCH_EVENTS } from '../buffer.ts';
import { originOfPage } from './address.ts';
import type { ReadError, WireFormat, WireReading, WireRequest, WireResult } from './format.ts';
import { gifResponse } from './gif.ts';
import { answerHits, readHits } from './goatcounter-hits.ts';
import { viewOf } from './goatcounter-view.ts';
import { pixelNamed } from './pixel-named.ts';

const HITS = '/api/v0/count';

export const goatcounter: WireFormat = {
  routes: [
    { method: 'GET', path: '/count' },
    { method: 'POST', path: '/count' },
    { method: 'GET', path: '/count/*' },
    { method: 'POST', path: '/count/*' },
    { method: 'POST', path: HITS },
  ],
  limits: { bytes: LIMITS.apiBytes, events: MAX_BATCH_EVENTS },
  read: (request) => (isHits(request) ? readHits(request) : readCount(request)),
  answer: (result) => (isHits(result.request) ? answerHits(result, goatcounter.limits) : answerCount(result)),
};

const isHits = ({ path }: WireRequest): boolean => path.startsWith(HITS);

function readCount({ path, query, headers }: WireRequest): Result<WireReading, ReadError> {
  const fields = parseFields(query);
  const field = (name: string): string => fields.get(name) ?? '';
  const origin = originOfPage(headers);
  const hit = viewOf(
    { path: field('p'), event: field('e'), ref: field('r'), query: field('q'), bot: field('b') },
    origin,
  );
  return ok({ events: [{ ...hit, ...siteOf(path, origin) }] });
}

/** The site at the end of the path (`/count/px_…`), else the host of the page: the script names none. */
function siteOf(path: string, origin: string): Pick<RawEvent, 'id' | 'key'> {
  const [, name] = /^\/count\/([\w.-]+)/.exec(path) ?? [];
  const host = URL.parse(origin)?.hostname ?? '';
  return pixelNamed('goatcounter', name ?? host.replace(/^www\./, ''));
}

/** GoatCounter answers its image to a beacon, too. */
function answerCount({ error }: WireResult): Response {
  return gifResponse(error);
}
