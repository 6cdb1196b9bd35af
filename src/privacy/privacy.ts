/** `/privacy`: shows what the pixels of this Worker store about the visitor, and lets the visitor erase it. */

import { type Env, eventStore, secretsOf } from '../env.ts';
import { discardBody } from '../http/body.ts';
import { clientOf } from '../http/client.ts';
import { CLICK_DAYS } from '../model/conversion.ts';
import { LEDGER_DAYS, LONGEST_WAIT } from '../model/delivery.ts';
import { PERSON_DAYS } from '../model/person.ts';
import { PIXEL_ID } from '../model/pixel.ts';
import { FORGET_PERSON } from '../model/set-cookie.ts';
import type { TraceData } from '../store/traces.ts';
import { fill, type Html, html } from './html.ts';
import { canUseAgent, countRequest } from './limits.ts';
import { ownersSection, readOwners } from './owners.ts';
import { addressOf, isSameOrigin, page, problem, seeOther, visitorPage } from './page.ts';
import { fillAll, type Reader, readerOf } from './reader.ts';
import { eraseFound, MAX_PIXELS, readMatch, type SearchResult, search } from './search.ts';
import { siteSection } from './site.ts';
import type { Texts } from './texts/texts.ts';

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
  const [reader, owners, data] = await Promise.all([
    readerOf(request),
    readOwners(env.DB, id),
    Promise.all(result.matches.map((match) => readMatch(env.DB, match, id !== null))),
  ]);
  const { privacy: texts } = reader.texts;
  const events = data.reduce((sum, { total }) => sum + total, 0);
  const hasOneOwner = owners?.length === 1;
  const hasPoints = eventStore(env) === 'analytics_engine';
  const body = html`<p class="lead">${fill(texts.lead)}</p>
${erasedNote(searchParams.get('erased') ?? '', hasPoints, reader)}
<div class="card"><p><strong>${found(result, events, reader)}</strong></p>
${remarks(request, result, texts).map((remark) => html`<p>${remark}</p>`)}
${result.matches.length > 0 || result.unseen.length > 0 ? eraseForm(request, result, id !== null, texts) : ''}
${id === null ? '' : html`<p><a href="${addressOf(request, '/privacy', [], null)}">${fill(texts.all)}</a></p>`}</div>
${ownersSection(owners, reader)}
${result.matches.map((match, index) =>
  siteSection(match, data[index] as TraceData, reader, {
    isOnly: id !== null,
    hasOneOwner,
    address: addressOf(request, '/privacy', [], match.pixel.id),
  }),
)}
${about(texts, hasPoints, reader)}`;
  return page(request, reader, texts.title, body);
}

/** What was found, in one sentence. */
function found(
  { matches, unseen, isPartial, hasMorePixels, byVisitor }: VisitorSearch,
  events: number,
  reader: Reader,
): Html {
  const { privacy: texts } = reader.texts;
  if (matches.length > 0) {
    return fill(texts.found, {
      events: reader.count(texts.events, events),
      sites: reader.count(texts.sites, matches.length),
    });
  }
  const isComplete = byVisitor && !isPartial && !hasMorePixels && unseen.length === 0;
  return fill(isComplete ? texts.nothing : texts.nothingSeen);
}

/** The answer to an erasure. Anyone can write a number into the address, but nothing else. */
function erasedNote(erased: string, hasPoints: boolean, reader: Reader): Html {
  if (!/^\d{1,9}$/.test(erased)) return html``;
  const { privacy: texts } = reader.texts;
  const count = Number(erased);
  return html`<div class="card note" role="status">${count === 0 && hasPoints ? '' : html`<p><strong>${reader.count(texts.erased, count)}</strong></p>`}
${hasPoints ? html`<p>${fill(texts.analyticsEngine.erased)}</p>` : ''}</div>`;
}

/** What the reader has to know about the search. */
function remarks(
  request: Request,
  { arePointsRead, isPartial, hasMorePixels, byVisitor }: VisitorSearch,
  texts: Texts['privacy'],
): readonly Html[] {
  return [
    clientOf(request).refusal === 'opt_out' ? texts.optedOut : '',
    byVisitor ? '' : texts.agents,
    isPartial ? texts.partial : '',
    hasMorePixels ? texts.moreSites : '',
    arePointsRead ? '' : texts.analyticsEngine.unsearched,
  ]
    .filter((text) => text !== '')
    .map((text) => fill(text, { max: MAX_PIXELS }));
}

/** The button, with what it deletes, and whose events these may be. */
function eraseForm(
  request: Request,
  { matches, unseen }: VisitorSearch,
  isOnly: boolean,
  texts: Texts['privacy'],
): Html {
  const isShared = unseen.length > 0 || matches.some(({ trace }) => trace.visitor !== '');
  return html`<p>${fill(isOnly ? texts.eraseSite : texts.erase)}</p>
${isShared ? html`<p>${fill(texts.shared)}</p>` : ''}
<form method="post" action="${addressOf(request, '/privacy')}"><button>${fill(texts.button)}</button></form>`;
}

/** What every reader has to know. */
function about(
  { never, codes, time, limits, analyticsEngine: { copy, only } }: Texts['privacy'],
  hasPoints: boolean,
  reader: Reader,
): Html {
  const values = {
    days: reader.number(PERSON_DAYS),
    wait: reader.number(LONGEST_WAIT / 86_400_000),
    ledger: reader.number(LEDGER_DAYS),
    clicks: reader.number(CLICK_DAYS),
  };
  const list = ({ title, items }: Texts['privacy']['never']): Html =>
    html`<h2>${fill(title)}</h2><ul>${fillAll(items, values).map((item) => html`<li>${item}</li>`)}</ul>`;
  const section = ({ title, paragraphs }: Texts['privacy']['codes']): Html =>
    html`<h2>${fill(title)}</h2>${fillAll(paragraphs, values).map((paragraph) => html`<p>${paragraph}</p>`)}`;
  return html`${[list(never), section(codes), section(time), list({ ...limits, items: [...limits.items, hasPoints ? only : copy] })]}`;
}

async function eraseData(request: Request, env: Env): Promise<Response> {
  await discardBody(request);
  if (!isSameOrigin(request)) return problem(request, 'foreign');
  const id = new URL(request.url).searchParams.get('id');
  const result = await searchFor(request, env, id);
  if (result instanceof Response) return result;
  const erased = await eraseFound(env.DB, result, Date.now());
  const address = addressOf(request, '/privacy', [`erased=${erased}`]);
  return seeOther(address, id === null ? FORGET_PERSON : []);
}
