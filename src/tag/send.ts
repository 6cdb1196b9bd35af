/** The ways to the Worker where sendBeacon is missing or refuses: fetch, then an image. */

type Fields = Record<string, unknown>;

/** Takes a batch of events as JSON, or the fields of a form. What is null is sent as empty, which the Worker reads alike. */
export default async function send(
  address: (path: string) => URL,
  path: string,
  body: string,
): Promise<void> {
  const events: Fields[] = body[0] === '[' ? JSON.parse(body, (_, value) => value ?? '') : [];
  // The answer may be lost and the event sent again: by its id it counts once.
  for (const event of events)
    event['eid'] = event['eid'] || crypto.getRandomValues(new Uint32Array(2)).join('');
  try {
    await fetch(address(path), {
      method: 'POST',
      body: events[0] ? JSON.stringify(events) : body,
      keepalive: true,
      // The answer is of no interest, and without reading it no preflight is needed.
      mode: 'no-cors',
      // As sendBeacon and images do, so that the cookie of a visitor's opt-out is seen whatever the transport.
      credentials: 'include',
    });
  } catch {
    for (const event of events) new Image().src = `${address('/p.gif')}?${query(event)}`;
  }
}

/** The event as a query: what a beacon says in `cd`, an image says in `cd[…]`. */
function query({ cd, ud, ...fields }: Fields): URLSearchParams {
  for (const [name, data] of Object.entries({ cd, ud })) {
    for (const [key, value] of Object.entries(data || {})) {
      fields[`${name}[${key}]`] = typeof value === 'object' ? JSON.stringify(value) : value;
    }
  }
  return new URLSearchParams(fields as Record<string, string>);
}
