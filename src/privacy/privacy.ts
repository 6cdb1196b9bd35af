/** `/privacy`: what the pixels of this Worker hold about who asks, and the button that erases it. */

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
import { mayAskAs, waitOf } from './bounds.ts';
import { describe } from './describe.ts';
import { eraseAll, MOST_PIXELS, type Place, read, type Search, search } from './held.ts';
import { fill, type Html, html } from './html.ts';
import { isOwn, page, pageOf, problem, seeOther } from './page.ts';
import about from './privacy.html?raw';
import { PRIVACY } from './texts.ts';

export const privacy = pageOf(show, eraseIt);

interface Look extends Search {
  /** Whether the visitor of today was looked for, not the person of the cookie alone. */
  readonly byVisitor: boolean;
}

/** What was found, or the answer to a request that cannot be looked into. */
async function look(request: Request, env: Env, id: string | null): Promise<Look | Response> {
  // Another page could have all its visitors ask for this, as an image, and measure how long it takes.
  const as = request.headers.get('sec-fetch-dest') ?? 'document';
  if (as !== 'document') return problem(request, 'foreign');
  // Without the secret nobody's hash can be made, and to say that nothing was found would be untrue.
  if (secretsOf(env).length === 0) return problem(request, 'unavailable', { 'retry-after': '60' });
  if (id !== null && !PIXEL_ID.test(id)) return problem(request, 'unknown');
  const client = clientOf(request);
  const now = Date.now();
  const wait = waitOf(client.ip, now);
  if (wait > 0) return problem(request, 'limited', { 'retry-after': String(wait) });
  const limited = env.RATE_LIMIT && !(await env.RATE_LIMIT.limit({ key: `privacy ${client.ip}` })).success;
  if (limited) return problem(request, 'limited', { 'retry-after': '60' });
  const byVisitor = await mayAskAs(client.userAgent, client.ip, now);
  const found = await search(env, client, id, byVisitor, now);
  return found ? { ...found, byVisitor } : problem(request, 'unknown');
}

async function show(request: Request, env: Env): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const id = searchParams.get('id');
  const found = await look(request, env, id);
  if (found instanceof Response) return found;
  const { places, partly, morePixels, byVisitor } = found;
  const kept = await Promise.all(places.map((place) => read(env.DB, place, id !== null)));
  const events = kept.reduce((sum, { total }) => sum + total, 0);
  const erased = searchParams.get('erased') ?? '';
  const remarks = [
    clientOf(request).refusal === 'opt_out' ? PRIVACY.optedOut : '',
    byVisitor ? '' : PRIVACY.agents,
    partly ? PRIVACY.partly : '',
    morePixels ? PRIVACY.morePixels(MOST_PIXELS) : '',
    places.length > 0 ? PRIVACY.erasing(id !== null) : '',
  ];
  const body = html`<p class="lead">${PRIVACY.lead}</p>
${/^\d{1,9}$/.test(erased) ? html`<div class="card note" role="status"><p><strong>${PRIVACY.erased(Number(erased))}</strong></p></div>` : ''}
<div class="card"><p><strong>${PRIVACY.found(events, places.length)}</strong></p>
${remarks.filter((remark) => remark !== '').map((remark) => html`<p>${remark}</p>`)}
${places.length > 0 ? html`<form method="post"><button>${PRIVACY.button}</button></form>` : ''}</div>
${places.map((place, index) => section(place, kept[index] as TraceData, id !== null))}
${fill(about, { days: PERSON_DAYS })}`;
  return page(request, PRIVACY.title, body);
}

const PERSON = EVENT_COLUMNS.indexOf('person');

function section({ pixel, trace }: Place, { events, total, days, target }: TraceData, alone: boolean): Html {
  const rows = events.map((values) => {
    const { iso, when, what, page, rest } = describe(values, pixel.timezone);
    // Whoever shares the address may guess the user agent, so what is found by these shows no more than page and time.
    const isProven = trace.alias !== '' && values[PERSON] === trace.alias;
    const fields = (isProven ? rest : []).map(
      ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
    );
    return html`<tr><th scope="row"><time datetime="${iso}">${when}</time></th><td><b>${what}</b><bdi>${page}</bdi></td><td><dl>${fields}</dl></td></tr>`;
  });
  const columns = PRIVACY.columns.map((name) => html`<th scope="col">${name}</th>`);
  const table = html`<table><caption>${PRIVACY.caption(pixel.timezone)}</caption><thead><tr>${columns}</tr></thead><tbody>${rows}</tbody></table>`;
  const present = days.map(([day, devices]) => {
    const names = DEVICES.filter((_, index) => devices & (1 << index));
    return [day, ...names].join(' ');
  });
  const kind = Object.entries(PERSON_KINDS).find(([, letter]) => target?.startsWith(letter))?.[0];
  // The pixel's name is its owner's own.
  return html`<section><h2>${displayHost(URL.parse(pixel.url)?.hostname ?? '')}</h2>
<p class="soft">${pixel.id}</p>
<p>${PRIVACY.events(total, total >= MAX_EVENTS, pixel.settings.retention_days)}
${events.length < total ? PRIVACY.latest(events.length) : ''}
${events.length < total && !alone ? html`<a href="/privacy?id=${pixel.id}">${PRIVACY.more}</a>` : ''}
${present.length > 0 ? PRIVACY.days(present.join(', ')) : ''}
${target && kind ? PRIVACY.linked(kind) : ''}</p>
${rows.length > 0 ? table : ''}</section>`;
}

async function eraseIt(request: Request, env: Env): Promise<Response> {
  await discardBody(request);
  if (!isOwn(request)) return problem(request, 'foreign');
  const id = new URL(request.url).searchParams.get('id');
  const found = await look(request, env, id);
  if (found instanceof Response) return found;
  const erased = await eraseAll(env.DB, found.places, Date.now());
  if (id !== null) return seeOther(`/privacy?erased=${erased}&id=${id}`, []);
  return seeOther(`/privacy?erased=${erased}`, FORGET_PERSON);
}
