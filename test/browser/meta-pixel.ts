/** Meta's own pixel for tests: the snippet that its owners paste, and a script that does with fbq what Meta's does. */

/** The snippet, which makes fbq and loads the script from `src`; without one it only makes fbq. */
export const metaPixelSnippet = (src: string, calls = ''): string => `<script>
!function(f,b,e,v,n,t,s)
{if(f.fbq)return;n=f.fbq=function(){n.callMethod?
n.callMethod.apply(n,arguments):n.queue.push(arguments)};
if(!f._fbq)f._fbq=n;n.push=n;n.loaded=!0;n.version='2.0';
n.queue=[];if(!v)return;t=b.createElement(e);t.async=!0;
t.src=v;s=b.getElementsByTagName(e)[0];
s.parentNode.insertBefore(t,s)}(window, document,'script','${src}');
${calls}
</script>`;

/**
 * What Meta's script does: it warns if fbq and _fbq differ, gives fbq a callMethod, and takes what waits in its queue without asking for that.
 * While it loads its settings, and without the visitor's consent, it puts calls back into the queue. It takes an id as eventID and as event_id, and an event for a pixel only.
 * All calls are in `metaCalls`, and events in `metaEvents`; these also go to `report`, as images.
 */
export const metaPixelScript = (report = ''): string => `
(() => {
  const fbq = window.fbq;
  const events = window.metaEvents = window.metaEvents || [];
  const calls = window.metaCalls = window.metaCalls || [];
  if (!fbq) throw new Error('Meta: the snippet is missing');
  if (fbq !== window._fbq) throw new Error('Meta: two versions');
  const pixels = new Set();
  let isLocked = true;
  const send = (pixel, name, data, about) => {
    const eid = about && (about.eventID || about.event_id);
    events.push({ pixel, name, data, eid });
    const query = new URLSearchParams({ id: pixel, ev: name, ...(eid && { eid }) });
    if (${JSON.stringify(report)}) new Image().src = ${JSON.stringify(report)} + '?' + query;
  };
  function take() {
    const call = Array.prototype.slice.call(arguments);
    const [command, ...rest] = call;
    if (command === 'consent') isLocked = rest[0] === 'revoke';
    else if (isLocked) return void fbq.queue.push(arguments);
    calls.push(call);
    if (command === 'init') pixels.add(rest[0]);
    if (command === 'track' || command === 'trackCustom') for (const pixel of pixels) send(pixel, ...rest);
    if (command === 'trackSingle' || command === 'trackSingleCustom') send(...rest);
  }
  const drain = () => {
    while (fbq.queue.length && !isLocked) take.apply(fbq, fbq.queue.shift());
  };
  fbq.callMethod = take;
  fbq.version = '2.9';
  drain();
  setTimeout(() => { isLocked = false; drain(); }, 20);
  // A grant lets it take what has waited.
  setInterval(drain, 20);
})();
`;
