/** `/privacy`: shows what the pixels of this Worker store about the visitor, and lets the visitor erase it. */

import { type Env, secretsOf } from '../env.ts';
import { discardBody } from '../http/body.ts';
import { clientOf } from '../http/client.ts';
import { DEVICES } from '../model/device.ts';
import { EVENT_COLUMNS } from '../model/event.ts';
import { PERSON_DAYS, PERSON_KINDS } from '../model/person.ts';
import { PIXEL_ID } from '../model/pixel.ts';
import { FORGET_PERSON } from '../model/set-cookie.ts';
import { displayHost } from '../model/text/display.ts';
import { MAX_EVENTS, type TraceData } from '../store/traces.ts';
import { describe } from './describe.ts';
import { fill, type Html, html } from './html.ts';
import { canUseAgent, countRequest } from './limits.ts';
import { isSameOrigin, page, problem, seeOther, visitorPage } from './page.ts';
import about from './privacy.html?raw';
import { eraseMatches, MAX_PIXELS, type PixelMatch, readMatch, type SearchResult, search } from './search.ts';
import { PRIVACY } from './texts.ts';

export const privacy = visitorPage(show, eraseData);

interface VisitorSearch extends SearchResult {
  /** Whether the search used today's visitor hash, and not only the person's cookie. */
  readonly byVisitor: boolean;
}

/** The search for the visitor's data, or the error response. */
async function searchFor(request: Request, env: Env, id: string | null): Promise<VisitorSearch | Response> {
  // Otherwise another page could load this one as an image in its visitors' browsers, and measure how long it takes.
  const destination = request.headers.get('sec-fetch-dest') ?? 'document';
  if (destination !== 'document') return problem(request, 'foreign');
  // Without the secret, no hash can be computed, so the page cannot say that nothing is stored.
  if (secretsOf(env).length === 0) return problem(request, 'unavailable', { 'retry-after': '60' });
  if (id !== null && !PIXEL_ID.test(id)) return problem(request, 'unknown');
  const client = clientOf(request);
  const now = Date.now();
  const wait = countRequest(client.ip, now);
  if (wait > 0) return problem(request, 'limited', { 'retry-after': String(wait) });
  const isLimited = env.RATE_LIMIT && !(await env.RATE_LIMIT.limit({ key: `privacy ${client.ip}` })).success;
  if (isLimited) return problem(request, 'limited', { 'retry-after': '60' });
  const byVisitor = await canUseAgent(client.userAgent, client.ip, now);
  const result = await search(env, client, id, byVisitor, now);
  return result ? { ...result, byVisitor } : problem(request, 'unknown');
}

async function show(request: Request, env: Env): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const id = searchParams.get('id');
  const result = await searchFor(request, env, id);
  if (result instanceof Response) return result;
  const { matches, isPartial, hasMorePixels, byVisitor } = result;
  const data = await Promise.all(matches.map((match) => readMatch(env.DB, match, id !== null)));
  const events = data.reduce((sum, { total }) => sum + total, 0);
  const erased = searchParams.get('erased') ?? '';
  const remarks = [
    clientOf(request).refusal === 'opt_out' ? PRIVACY.optedOut : '',
    byVisitor ? '' : PRIVACY.agents,
    isPartial ? PRIVACY.partial : '',
    hasMorePixels ? PRIVACY.morePixels(MAX_PIXELS) : '',
    matches.length > 0 ? PRIVACY.erase(id !== null) : '',
  ];
  const body = html`<p class="lead">${PRIVACY.lead}</p>
${/^\d{1,9}$/.test(erased) ? html`<div class="card note" role="status"><p><strong>${PRIVACY.erased(Number(erased))}</strong></p></div>` : ''}
<div class="card"><p><strong>${PRIVACY.found(events, matches.length)}</strong></p>
${remarks.filter((remark) => remark !== '').map((remark) => html`<p>${remark}</p>`)}
${matches.length > 0 ? html`<form method="post"><button>${PRIVACY.button}</button></form>` : ''}</div>
${matches.map((match, index) => section(match, data[index] as TraceData, id !== null))}
${fill(about, { days: PERSON_DAYS })}`;
  return page(request, PRIVACY.title, body);
}

const PERSON = EVENT_COLUMNS.indexOf('person');

function section(
  { pixel, trace }: PixelMatch,
  { events, total, days, target }: TraceData,
  isSinglePixel: boolean,
): Html {
  const rows = events.map((values) => {
    const { iso, when, what, page, fields } = describe(values, pixel.timezone);
    // Someone who shares the address could guess the user agent, so matches by these two show only the page and the time.
    const isProven = trace.alias !== '' && values[PERSON] === trace.alias;
    const list = (isProven ? fields : []).map(
      ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
    );
    return html`<tr><th scope="row"><time datetime="${iso}">${when}</time></th><td><b>${what}</b><bdi>${page}</bdi></td><td><dl>${list}</dl></td></tr>`;
  });
  const columns = PRIVACY.columns.map((name) => html`<th scope="col">${name}</th>`);
  const table = html`<table><caption>${PRIVACY.caption(pixel.timezone)}</caption><thead><tr>${columns}</tr></thead><tbody>${rows}</tbody></table>`;
  const daysSeen = days.map(([day, devices]) => {
    const names = DEVICES.filter((_, index) => devices & (1 << index));
    return [day, ...names].join(' ');
  });
  const kind = Object.entries(PERSON_KINDS).find(([, letter]) => target?.startsWith(letter))?.[0];
  // The section shows the host, since the pixel's name is only for its owner.
  return html`<section><h2>${displayHost(URL.parse(pixel.url)?.hostname ?? '')}</h2>
<p class="soft">${pixel.id}</p>
<p>${PRIVACY.events(total, total >= MAX_EVENTS, pixel.settings.retention_days)}
${events.length < total ? PRIVACY.latest(events.length) : ''}
${events.length < total && !isSinglePixel ? html`<a href="/privacy?id=${pixel.id}">${PRIVACY.more}</a>` : ''}
${daysSeen.length > 0 ? PRIVACY.days(daysSeen.join(', ')) : ''}
${target && kind ? PRIVACY.linked(kind) : ''}</p>
${rows.length > 0 ? table : ''}</section>`;
}

async function eraseData(request: Request, env: Env): Promise<Response> {
  await discardBody(request);
  if (!isSameOrigin(request)) return problem(request, 'foreign');
  const id = new URL(request.url).searchParams.get('id');
  const result = await searchFor(request, env, id);
  if (result instanceof Response) return result;
  const erased = await eraseMatches(env.DB, result.matches, Date.now());
  if (id !== null) return seeOther(`/privacy?erased=${erased}&id=${id}`, []);
  return seeOther(`/privacy?erased=${erased}`, FORGET_PERSON);
}
