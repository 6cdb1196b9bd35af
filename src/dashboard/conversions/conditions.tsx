/** What a pixel's settings mean for its conversions, where they make them worse. */
import type { Pixel } from '../api.ts';
import { Link } from '../ui.tsx';

export function Conditions({ pixel }: { readonly pixel: Pixel }) {
  if (pixel.settings.cookie !== 'off') return null;
  return (
    <p class="notice flat">
      <b>This pixel sets no cookie.</b> A purchase on a later visit cannot be traced to the click on an
      advertisement, and a withdrawal of consent stops what waits from the same day only, unless your site
      identifies its users. <Link href={`/app/${pixel.id}/settings`}>Choose a cookie in the settings</Link>{' '}
      for visitors who consent.
    </p>
  );
}

/** What the attribute of the snippet is for. @param title the network's. */
export function RelayAttribute({ pixel, title }: { readonly pixel: Pixel; readonly title: string }) {
  return (
    <p class="muted note">
      The snippet of your pages needs the attribute <code>data-relay</code>. Without it, conversions have no
      event id, so {title} counts those that its own pixel reports as well twice, and they lack the hashed
      e-mail address and the ids by which {title} finds the person.{' '}
      <Link class="target" href={`/app/${pixel.id}/install`}>
        Copy the snippet
      </Link>
    </p>
  );
}
