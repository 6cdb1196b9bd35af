/** The ways to the Worker where sendBeacon is missing or refuses: fetch, then an image. */

type Fields = Record<string, unknown>;

const randomId = (): string => crypto.getRandomValues(new Uint32Array(2)).join('');

/** Takes a batch of events as JSON, or a form. */
export default async function send(
  address: (path: string) => URL,
  path: string,
  body: string | URLSearchParams,
): Promise<void> {
  const events: Fields[] = typeof body === 'string' ? JSON.parse(body) : [];
  // The answer may be lost and the event sent again: by its id it counts once.
  for (const event of events) event['eid'] = event['eid'] || randomId();
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
function query(event: Fields): URLSearchParams {
  const fields = new URLSearchParams();
  const add = (name: string, value: unknown): void =>
    fields.append(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  for (const [name, value] of Object.entries(event)) {
    if (name !== 'cd' && name !== 'ud') add(name, value);
    else for (const [key, part] of Object.entries(value as Fields)) add(`${name}[${key}]`, part);
  }
  return fields;
}
