/** `/opt-out`: shows whether this browser is counted, and lets the visitor change that for all pixels of this Worker. */
import { readBody } from '../http/body.ts';
import { clientOf } from '../http/client.ts';
import { corsHeaders } from '../http/cors.ts';
import { parseFields } from '../model/fields.ts';
import { PERSON_DAYS } from '../model/person.ts';
import { FORGET_PERSON, optOutCookies } from '../model/set-cookie.ts';
import { fill, html } from './html.ts';
import about from './opt-out.html?raw';
import { isSameOrigin, page, problem, seeOther, visitorPage } from './page.ts';
import { OPT_OUT } from './texts.ts';

/** The maximum size of a form. */
const MAX_BYTES = 1024;

export const optOut = visitorPage(show, submit);

function show(request: Request): Response {
  const { refusal } = clientOf(request);
  const { host, searchParams } = new URL(request.url);
  const isOut = refusal === 'opt_out';
  const [title, text, button] = OPT_OUT.states[refusal];
  const body = html`<p class="lead">${OPT_OUT.lead}</p>
${searchParams.has('done') && !isOut ? html`<div class="card note" role="status">${OPT_OUT.lost(host)}</div>` : ''}
<div class="card"><p><strong>${title}</strong></p><p>${text}</p>
<form method="post" action="/opt-out">${isOut ? html`<input type="hidden" name="undo" value="1">` : ''}<button>${button}</button></form></div>
${fill(about, { host, days: PERSON_DAYS })}`;
  return page(request, OPT_OUT.title, body);
}

/**
 * Any page may opt a visitor out, as the tag does if the site has its own control. Only this page can opt a visitor in again. A
 * form that cannot be read opts out.
 */
async function submit(request: Request): Promise<Response> {
  const body = await readBody(request, MAX_BYTES);
  const fields = parseFields(body.ok ? body.value : '');
  if (fields.get('undo') === '1') {
    return isSameOrigin(request) ? seeOther('/opt-out', optOutCookies(false)) : problem(request, 'foreign');
  }
  const cookies = [...optOutCookies(true), ...FORGET_PERSON];
  if (fields.get('from') !== 'tag') return seeOther('/opt-out?done', cookies);
  const headers = new Headers({ 'cache-control': 'no-store', ...corsHeaders(request.headers.get('origin')) });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 204, headers });
}
