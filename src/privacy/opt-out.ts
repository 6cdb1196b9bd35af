/** `/opt-out`: whether this browser is counted, and the button that changes it, for all pixels of this Worker. */
import { readBody } from '../http/body.ts';
import { clientOf } from '../http/client.ts';
import { corsHeaders } from '../http/cors.ts';
import { parseFields } from '../model/fields.ts';
import { PERSON_DAYS } from '../model/person.ts';
import { FORGET_PERSON, optOutCookies } from '../model/set-cookie.ts';
import { fill, html } from './html.ts';
import about from './opt-out.html?raw';
import { isOwn, page, pageOf, problem, seeOther } from './page.ts';
import { OPT_OUT } from './texts.ts';

/** Bytes of a form. */
const MOST = 1024;

export const optOut = pageOf(show, choose);

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
 * Anyone's page may say no for a visitor, as the tag does when its site's own control is used. To take a no back is for
 * this page alone. What cannot be read counts as a no.
 */
async function choose(request: Request): Promise<Response> {
  const body = await readBody(request, MOST);
  const fields = parseFields(body.ok ? body.value : '');
  if (fields.get('undo') === '1') {
    return isOwn(request) ? seeOther('/opt-out', optOutCookies(false)) : problem(request, 'foreign');
  }
  const cookies = [...optOutCookies(true), ...FORGET_PERSON];
  if (fields.get('from') !== 'tag') return seeOther('/opt-out?done', cookies);
  const headers = new Headers({ 'cache-control': 'no-store', ...corsHeaders(request.headers.get('origin')) });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 204, headers });
}
