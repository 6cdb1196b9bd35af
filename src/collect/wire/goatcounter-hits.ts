/** GoatCounter's API for batches, which servers and importers of logs use. Its token is one of Speck, and says which pixel is meant. */
import { decodeText } from '../../http/body.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Overrides, SentEvent } from '../../model/wire.ts';
import { basicCredentials, tokenIn } from './authorization.ts';
import type { ReadError, WireFormat, WireReading, WireRequest, WireResult } from './format.ts';
import { viewOf } from './goatcounter-view.ts';
import { type JsonObject, parseJson, recordOf, textOf } from './json.ts';
import { pixelOfToken } from './pixel-named.ts';
import { problemFor } from './problem.ts';
import { overridesOf, serverClient } from './sent-by.ts';

/** An event of a batch, or what GoatCounter says of it. */
type Hit = { readonly event: SentEvent } | { readonly mistake: string };

export function readHits(request: WireRequest): Result<WireReading, ReadError> {
  const hits = hitsOf(request);
  if (hits === null) return err('broken_json');
  // The password of Basic authentication is the token.
  const [user, password = user] = basicCredentials(request.headers);
  const { token = '' } = tokenIn(request.headers, password);
  return ok({ events: hits.map((hit) => ('event' in hit ? hit.event : null)), token });
}

function hitsOf({ bytes }: WireRequest): readonly Hit[] | null {
  const body = recordOf(parseJson(decodeText(bytes)));
  const hits = body?.['hits'];
  if (body === null || !Array.isArray(hits)) return null;
  return hits.map((hit) => hitOf(recordOf(hit), body['no_sessions'] === true));
}

/** @param isWithoutVisitors whether hits without a visitor are no mistake. */
function hitOf(hit: JsonObject | null, isWithoutVisitors: boolean): Hit {
  if (hit === null) return { mistake: 'not an object' };
  const field = (name: string): string => textOf(hit[name]);
  if (field('path') === '') return { mistake: 'path: must be set' };
  const [ip, ua, session] = [field('ip'), field('user_agent'), field('session')];
  if (session === '' && (ip === '' || ua === '') && !isWithoutVisitors) {
    return {
      mistake: 'session or browser/IP not set; use no_sessions if you don’t want to track unique visits',
    };
  }
  const view = viewOf(
    {
      path: field('path'),
      event: field('event'),
      ref: field('ref'),
      query: field('query'),
      bot: field('bot'),
    },
    '',
  );
  return {
    event: {
      ...view,
      ...pixelOfToken('goatcounter'),
      server: serverClient(ua, hit['language']),
      // Without an address, the sender's own name of the session tells visitors apart.
      overrides: { ...overridesOf(timeOf(hit), ip || session, ua), ...countryOf(hit) },
    },
  };
}

/** Go's time that is not set. */
const NO_TIME = '0001-01-01T00:00:00Z';

const timeOf = ({ created_at: ts }: JsonObject): unknown => (ts === NO_TIME ? undefined : ts);

/** A region may follow the country. */
function countryOf({ location }: JsonObject): Pick<Overrides, 'country'> {
  return textOf(location) === '' ? {} : { country: textOf(location).slice(0, 2) };
}

export function answerHits({ request, error }: WireResult, limits: WireFormat['limits']): Response {
  if (error !== null) {
    const { status, detail } = problemFor(error, limits);
    return respond({ error: detail }, status);
  }
  const mistakes = (hitsOf(request) ?? []).flatMap((hit, index) =>
    'mistake' in hit ? [[index, hit.mistake]] : [],
  );
  // The other hits are accepted: only these are to be sent again.
  return mistakes.length > 0
    ? respond({ errors: Object.fromEntries(mistakes) }, 400)
    : respond({ status: 'ok' }, 202);
}

const respond = (body: unknown, status: number): Response =>
  Response.json(body, {
    status,
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  });
