/** The page that the tag is a guest in. */
import { say } from './debug.ts';
import { options } from './script.ts';

/**
 * No listener misses an event because the page stops it, or because it does not bubble. With options none throws into
 * the page.
 */
export const listen = (type: string, handle: (event: never) => void): void =>
  addEventListener(
    type,
    PLUS
      ? (event) => {
          try {
            handle(event as never);
          } catch (error) {
            say(type, error);
          }
        }
      : (handle as EventListener),
    true,
  );

/**
 * A page's URL as it is reported: without its fragment, which never leaves the browser otherwise and at times holds a
 * secret. With data-hash a fragment that is a route (#/about, #!/about) becomes the end of the path.
 */
export const pageUrl = (): string => {
  let url = location.href;
  if (PLUS && 'hash' in options) url = url.replace(/\/?(\?[^#]*)?#!?(\/[^?]*)/, '$2$1');
  return ((PLUS && options.url) || url).replace(/#.*/, '');
};
