/** `/opt-out`: shows whether this browser is counted, and lets the visitor change that for all pixels of this Worker. */
import type { Env } from '../env.ts';
import { readBody } from '../http/body.ts';
import { clientOf } from '../http/client.ts';
import { corsHeaders } from '../http/cors.ts';
import { parseFields } from '../model/fields.ts';
import { PERSON_DAYS } from '../model/person.ts';
import { FORGET_PERSON, optOutCookies } from '../model/set-cookie.ts';
import { fill, html } from './html.ts';
import { ownersSection, readOwners } from './owners.ts';
import { addressOf, isSameOrigin, page, pixelIdOf, problem, seeOther, visitorPage } from './page.ts';
import { fillAll, readerOf } from './reader.ts';

/** The maximum size of a form. */
const MAX_BYTES = 1024;

export const optOut = visitorPage(show, submit);

async function show(request: Request, { DB }: Env): Promise<Response> {
  const { refusal } = clientOf(request);
  const { host, searchParams } = new URL(request.url);
  const [reader, owners] = await Promise.all([readerOf(request), readOwners(DB, pixelIdOf(request))]);
  const { optOut: texts } = reader.texts;
  const isOut = refusal === 'opt_out';
  const [title, text, button] = texts.states[refusal];
  const values = { host, days: reader.number(PERSON_DAYS), privacy: addressOf(request, '/privacy') };
  const [lost, advice] = texts.lost;
  const note = html`<div class="card note lost" role="status"><p><strong>${fill(lost)}</strong></p><p>${fill(advice, values)}</p></div>`;
  const body = html`<p class="lead">${fill(texts.lead)}</p>
${searchParams.has('done') && !isOut ? note : ''}
<div class="card"><p><strong>${fill(title)}</strong></p><p>${fill(text)}</p>
<form method="post" action="${addressOf(request, '/opt-out')}">${isOut ? html`<input type="hidden" name="undo" value="1">` : ''}<button>${fill(button)}</button></form></div>
${ownersSection(owners, reader)}
<h2>${fill(texts.counting.title)}</h2>
${fillAll(texts.counting.paragraphs, values).map((paragraph) => html`<p>${paragraph}</p>`)}
<h2>${fill(texts.effects.title)}</h2>
<ul>${fillAll(texts.effects.items, values).map((item) => html`<li>${item}</li>`)}</ul>`;
  return page(request, reader, texts.title, body);
}

/**
 * Any page may opt a visitor out, as the tag does if the site has its own control. That ends the consents of before, too. Only this page can opt a visitor in again. A
 * form that cannot be read opts out.
 */
async function submit(request: Request, env: Env): Promise<Response> {
  const body = await readBody(request, MAX_BYTES);
  const fields = parseFields(body.ok ? body.value : '');
  if (fields.get('undo') === '1') {
    if (!isSameOrigin(request)) return problem(request, 'foreign');
    return seeOther(addressOf(request, '/opt-out'), optOutCookies(false));
  }
  const { withdrawConsents } = await import('./withdraw.ts');
  const isEnded = await withdrawConsents(env, clientOf(request), Date.now());
  const cookies = [...optOutCookies(true), ...(isEnded ? FORGET_PERSON : [])];
  if (fields.get('from') !== 'tag') return seeOther(addressOf(request, '/opt-out', ['done']), cookies);
  const headers = new Headers({ 'cache-control': 'no-store', ...corsHeaders(request.headers.get('origin')) });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 204, headers });
}
