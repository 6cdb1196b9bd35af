/** What the tabs of a browser know together about their session, which is one cookie for all of them. */
import { isSharedPage } from './api.ts';
import { publicId } from './public.ts';

/** Owners and readers of shared links have cookies of their own. */
const NAME = isSharedPage ? 'speck-link-session' : 'speck-session';
/** A public page has no session. In a frame, browsers may refuse it the channel. */
const channel = publicId === null ? new BroadcastChannel(NAME) : null;

/** Tells the other tabs that a session has begun or ended. */
export function tellOtherTabs(): void {
  channel?.postMessage(null);
}

/** Sets the handler for sessions that begin or end in another tab. */
export function onOtherTab(act: () => void): void {
  if (channel) channel.onmessage = act;
}

/** Whether this browser was signed in and did not sign out, so that the reader learns why there is no session any more. */
export const wasSignedIn = {
  get(): boolean {
    try {
      return localStorage.getItem(NAME) !== null;
    } catch {
      return false;
    }
  },
  set(value: boolean): void {
    try {
      if (value) localStorage.setItem(NAME, 'signed in');
      else localStorage.removeItem(NAME);
    } catch {
      // Storage is disabled: the sign-in page says nothing of the last session.
    }
  },
};
