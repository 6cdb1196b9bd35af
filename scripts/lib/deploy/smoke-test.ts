/**
 * Tests a deployed Speck from outside: adds a pixel, sends it a page view and a beacon, asks for the numbers, and deletes it. Both
 * events have ids, so they are in D1 in every mode.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, callApi, SendError } from '../api-client.ts';

export interface SmokeTest {
  /** Speck's address, without a slash at the end. */
  readonly url: string;
  readonly token: string;
  /** Reports that something is tried again. */
  readonly onRetry?: (message: string) => void;
  /** Waits for a number of milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

/** The pixel of a test, by which one that was interrupted is found. No site has the address. */
const PIXEL = {
  name: 'Smoke test of npm run deploy',
  url: 'https://smoke-test.invalid',
  timezone: 'UTC',
} as const;

/** Programs are counted as bots, so this is the name of a browser. */
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

const GIF = 'GIF89a';
/** How often a new address is tried, and how often the numbers are asked for; and the milliseconds in between. */
const REACH_TRIES = 40;
const ANSWER_TRIES = 30;
const PAUSE = 2_000;
const TIMEOUT = 30_000;
/** Milliseconds after which a pixel of a test is one that was left. Another test may run at the same time. */
const LONGEST_TEST = 3_600_000;

/** @throws SendError that says what went wrong. The pixel is deleted then, too. */
export async function runSmokeTest(test: SmokeTest): Promise<void> {
  await reach(test);
  await removePixels(test, undefined);
  const { id } = await call(test, {
    method: 'POST',
    path: '/api/v1/pixels',
    body: JSON.stringify(PIXEL),
    status: 201,
    isAnswer: isPixel,
  });
  let failure: unknown;
  try {
    await sendPageView(test, id);
    await sendBeacon(test, id);
    await expectNumbers(test, id);
  } catch (error) {
    failure = error;
  }
  await removePixels(test, id).catch((error: unknown) => {
    failure ??= error;
  });
  if (failure !== undefined) throw failure;
}

/**
 * Waits until a Speck answers: a new address gets its DNS record and certificate within minutes.
 *
 * @throws SendError
 */
export async function reach({ url, onRetry, wait = sleep }: Omit<SmokeTest, 'token'>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const failure = await unreachable(url);
    if (failure === undefined) return;
    if (attempt === REACH_TRIES) {
      throw new SendError(
        `${url} ${failure}. A new domain can take a quarter of an hour until its certificate is there. Run the test again then.`,
      );
    }
    if (attempt === 1) onRetry?.(`${url} ${failure}. Waiting for it…`);
    await wait(PAUSE);
  }
}

/** Why no Speck is there yet, or undefined if one is. */
async function unreachable(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/api/v1/session`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const text = await response.text();
    return text.startsWith('{"session":') ? undefined : `is no Speck yet: it answers ${response.status}`;
  } catch (error) {
    return `does not answer yet (${reasonOf(error)})`;
  }
}

async function sendPageView({ url }: SmokeTest, id: string): Promise<void> {
  const query = new URLSearchParams({
    id,
    ev: 'PageView',
    dl: `${PIXEL.url}/image`,
    eid: 'smoke-test-image',
  });
  const response = await send(`${url}/p.gif?${query}`, {});
  const type = response.headers.get('content-type');
  const start = Buffer.from(await response.arrayBuffer())
    .subarray(0, GIF.length)
    .toString('latin1');
  if (response.status !== 200 || type !== 'image/gif' || start !== GIF) {
    throw new SendError(`${url}/p.gif answered ${response.status} ${type ?? ''}, where a GIF was expected.`);
  }
}

async function sendBeacon({ url }: SmokeTest, id: string): Promise<void> {
  const event = { id, ev: 'Smoke test', dl: `${PIXEL.url}/beacon`, eid: 'smoke-test-beacon' };
  const response = await send(`${url}/beacon`, { method: 'POST', body: JSON.stringify(event) });
  await response.arrayBuffer();
  if (response.status !== 204) {
    throw new SendError(`${url}/beacon answered ${response.status}, where 204 was expected.`);
  }
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, {
      ...init,
      headers: { 'user-agent': BROWSER, ...(init.body ? { 'content-type': 'text/plain' } : {}) },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch (error) {
    throw new SendError(`${url} does not answer (${reasonOf(error)}).`);
  }
}

/** Each page has one event of the one visitor; rows in order of the page. */
const EXPECTED = JSON.stringify([
  { metrics: [1, 0, 1], dimensions: ['/beacon'] },
  { metrics: [1, 1, 1], dimensions: ['/image'] },
]);

/** Asks until the numbers are right: in the mode of the queue it takes some seconds. @throws SendError */
async function expectNumbers(test: SmokeTest, id: string): Promise<void> {
  const { wait = sleep } = test;
  const query = {
    site_id: id,
    date_range: 'day',
    metrics: ['visitors', 'pageviews', 'events'],
    dimensions: ['event:page'],
    order_by: [['event:page', 'asc']],
  };
  for (let attempt = 1; ; attempt++) {
    const { results } = await call(test, {
      method: 'POST',
      path: '/api/v2/query',
      body: JSON.stringify(query),
      status: 200,
      isAnswer: isAnswered,
    });
    const rows = JSON.stringify(results.map(({ metrics, dimensions }) => ({ metrics, dimensions })));
    if (rows === EXPECTED) return;
    if (attempt === ANSWER_TRIES) {
      throw new SendError(
        `The numbers are wrong. Visitors, page views and events of two pages were expected: ${EXPECTED}. The answer is: ${rows}`,
      );
    }
    await wait(PAUSE);
  }
}

/** Deletes this test's pixel, and those that interrupted tests have left. @throws SendError if one is still there */
async function removePixels(test: SmokeTest, own: string | undefined): Promise<void> {
  for (const id of await pixelsToRemove(test, own)) {
    await call(test, { method: 'DELETE', path: `/api/v1/pixels/${id}`, status: [204, 404], isAnswer: isAny });
  }
  const left = await pixelsToRemove(test, own);
  if (left.length > 0) throw new SendError(`The pixel ${left.join(', ')} of the test could not be deleted.`);
}

async function pixelsToRemove(test: SmokeTest, own: string | undefined): Promise<string[]> {
  const { pixels } = await call(test, {
    method: 'GET',
    path: '/api/v1/pixels',
    status: 200,
    isAnswer: isPixelList,
  });
  const isLeft = ({ name, url, created_at }: Pixel): boolean =>
    name === PIXEL.name && url === PIXEL.url && Date.now() - Date.parse(created_at) > LONGEST_TEST;
  return pixels.filter((pixel) => pixel.id === own || isLeft(pixel)).map(({ id }) => id);
}

const EXPLANATIONS = {
  401: (url: string) => `${url} does not know the token (401). Is SPECK_TOKEN the one of this Speck?`,
  403: () => 'The token may not add pixels and read statistics (403). Take ADMIN_TOKEN.',
  503: (url: string) => `${url} is not ready (503).`,
} as const;

function call<T>(test: SmokeTest, request: Omit<Call<T>, 'explanations'>): Promise<T> {
  return callApi({ ...request, explanations: EXPLANATIONS }, { tries: 5, ...test });
}

interface Pixel {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly created_at: string;
}

const isAny = (value: unknown): value is unknown => value !== null;
const isPixel = (value: unknown): value is Pixel =>
  typeof (value as Partial<Pixel> | undefined)?.id === 'string';
const isPixelList = (value: unknown): value is { readonly pixels: readonly Pixel[] } =>
  Array.isArray((value as { readonly pixels?: unknown } | undefined)?.pixels);
const isAnswered = (
  value: unknown,
): value is { readonly results: readonly { readonly metrics: unknown; readonly dimensions: unknown }[] } =>
  Array.isArray((value as { readonly results?: unknown } | undefined)?.results);

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
