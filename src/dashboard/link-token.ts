/**
 * The token in the address of a link that signs in, `/app/#token=…`, which `npm start` prints. It is taken out of the address
 * before anything is rendered or requested, and held in memory until it is used once. main.tsx imports this module first.
 */
const PREFIX = '#token=';

/** The token that has not been handed on yet. */
let pending: string | null = null;
let receiver: ((token: string) => void) | null = null;

function take(): void {
  if (!location.hash.startsWith(PREFIX)) return;
  pending = decode(location.hash.slice(PREFIX.length));
  history.replaceState(history.state, '', location.pathname + location.search);
  handOn();
}

function handOn(): void {
  if (pending === null || receiver === null) return;
  const token = pending;
  pending = null;
  receiver(token);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

take();
// Opening such a link in a tab of the dashboard only changes the fragment. This listener is the first, so no other sees the token.
addEventListener('popstate', take);

/**
 * Hands the token to a function: the one of this page's address, and those of links that are opened later. Each token is handed
 * on once. @returns a function that ends it.
 */
export function receiveLinkToken(receive: (token: string) => void): () => void {
  receiver = receive;
  handOn();
  return () => {
    if (receiver === receive) receiver = null;
  };
}
