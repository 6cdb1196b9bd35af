/**
 * `GET /badge/ID.svg`: a number of a public page, as an image for a README or a page. A badge may be loaded any number of times, so
 * what it costs the database depends on time alone: its link is looked up at most every half minute, and its number is computed at
 * most every five minutes, per isolate.
 */
import * as v from 'valibot';
import type { Env } from '../env.ts';
import { Cache } from '../model/cache.ts';
import { RANGE_NAMES, type RangeName } from '../query/parsed-query.ts';
import type { OpenedLink } from '../store/links.ts';
import { answerQuery, invalidQuery, requireQuery } from './answer-query.ts';
import { requireAdminToken } from './auth.ts';
import { badgeText, drawBadge } from './badge-svg.ts';
import { cachedResponse } from './cached.ts';
import { loadPixel } from './grant.ts';
import { readParameters } from './parameters.ts';
import { notFound, Problem } from './problem.ts';
import { openPublicPage, publicGrant } from './public-pages.ts';

const METRICS = { visitors: 'visitors', visits: 'visits', pageviews: 'page views' } as const;
type Metric = keyof typeof METRICS;
const METRIC_NAMES = Object.keys(METRICS) as Metric[];

const PERIODS: Readonly<Record<RangeName, string>> = {
  day: 'today',
  '7d': '7 days',
  '28d': '28 days',
  '30d': '30 days',
  '91d': '91 days',
  month: 'this month',
  '6mo': '6 months',
  '12mo': '12 months',
  year: 'this year',
  all: 'all time',
};

const MAX_LABEL = 60;

export const BadgeQuery = v.strictObject({
  metric: v.pipe(
    v.optional(v.picklist(METRIC_NAMES, `Use one of ${METRIC_NAMES.join(', ')}.`), 'visitors'),
    v.description('Default: visitors.'),
  ),
  period: v.pipe(
    v.optional(v.picklist(RANGE_NAMES, `Use one of ${RANGE_NAMES.join(', ')}.`), '30d'),
    v.description('Default: 30d.'),
  ),
  label: v.pipe(
    v.optional(v.pipe(v.string(), v.maxLength(MAX_LABEL, `A label has at most ${MAX_LABEL} characters.`))),
    v.description('The text at the left. Default: the metric and the period. Empty: none.'),
  ),
});

/** How long a link, once looked up, may show a badge, in milliseconds. */
const LINK_AGE = 30_000;
/** How long a number is shown, and a response may be cached, in milliseconds. */
const MAX_AGE = 5 * 60_000;

interface Timed<Value> {
  readonly value: Value;
  readonly until: number;
}
const links = new Cache<string, Timed<OpenedLink>>(500);
const numbers = new Cache<string, Timed<number | null>>(500);

/** @throws Problem if there is no such page, or a parameter is invalid. */
export async function badge(request: Request, env: Env): Promise<Response> {
  requireAdminToken(env);
  const [, id] = /^\/badge\/([^/]+)\.svg$/.exec(new URL(request.url).pathname) ?? [];
  if (id === undefined) throw notFound();
  const { metric, period, label } = readParameters(request.url, BadgeQuery);
  const link = await linkOf(id, request, env);
  const number = await numberOf(id, link.pixel, metric, period, env);

  const about = `${METRICS[metric]}, ${PERIODS[period]}`;
  const svg = drawBadge({
    label: badgeText(label ?? about),
    value: number === null ? '–' : SHORT.format(number),
    title: `${about}: ${number === null ? 'not shown' : LONG.format(number)}`,
  });
  const left = (link.expires_at ?? Number.POSITIVE_INFINITY) - Date.now();
  return cachedResponse(request, svg, {
    'content-type': 'image/svg+xml; charset=utf-8',
    'cache-control': `public, max-age=${Math.max(0, Math.floor(Math.min(MAX_AGE, left) / 1000))}`,
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'cross-origin-resource-policy': 'cross-origin',
  });
}

const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const LONG = new Intl.NumberFormat('en');

async function linkOf(id: string, request: Request, env: Env): Promise<OpenedLink> {
  const now = Date.now();
  const known = links.get(id);
  if (known && known.until > now) return known.value;
  const value = await openPublicPage(id, request, env).catch((error: unknown) => {
    const isMissing = error instanceof Problem && error.reason === 'wrong_link';
    throw isMissing ? new Problem('not_found', error.message) : error;
  });
  links.set(id, { value, until: Math.min(now + LINK_AGE, value.expires_at ?? Number.POSITIVE_INFINITY) });
  return value;
}

/** Null if small-group protection hides it. */
async function numberOf(
  id: string,
  pixelId: string,
  metric: Metric,
  period: RangeName,
  env: Env,
): Promise<number | null> {
  const key = `${id} ${metric} ${period}`;
  const known = numbers.get(key);
  if (known && known.until > Date.now()) return known.value;
  const grant = publicGrant(id, pixelId);
  const pixel = await loadPixel(env, grant, pixelId);
  const query = requireQuery({ site_id: pixelId, metrics: [metric], date_range: period }, invalidQuery);
  const { results } = await answerQuery({ env, grant, pixel }, query, invalidQuery);
  const [amount = null] = results[0]?.metrics ?? [];
  if (amount !== null && typeof amount !== 'number') throw new Problem('internal_error', 'Not a number.');
  numbers.set(key, { value: amount, until: Date.now() + MAX_AGE });
  return amount;
}
