/** What is shown at addresses that do not exist, or that the reader's token does not reach. */
import type { Pixel } from './api.ts';
import { Empty, Heading, Link, Text } from './ui.tsx';

/** What a token lacks: a permission, ADMIN_TOKEN's power, access to more than one pixel, or any pixel. */
export type Lack = 'stats:read' | 'pixels:write' | 'admin' | 'all pixels' | 'pixels';

const ASK = 'Ask the person who gave it to you for another one, or sign out and sign in with another one.';

const LACKS: Readonly<Record<Lack, { readonly title: string; readonly advice: string }>> = {
  'stats:read': { title: 'Your token cannot read statistics', advice: ASK },
  'pixels:write': { title: 'Your token cannot change pixels', advice: ASK },
  admin: {
    title: 'Only ADMIN_TOKEN can create and delete tokens',
    advice: 'Sign out, and sign in with ADMIN_TOKEN.',
  },
  'all pixels': { title: 'Your token is for one pixel and cannot add others', advice: ASK },
  pixels: { title: 'There are no pixels yet, and your token cannot add any', advice: ASK },
};

interface Props {
  /** Null: the address does not exist. */
  readonly lacks: Lack | null;
  /** Pixels whose settings the reader may open. */
  readonly pixels?: readonly Pixel[];
}

export default function NoView({ lacks, pixels = [] }: Props) {
  if (lacks === null) {
    return (
      <>
        <Heading>Not found</Heading>
        <Empty title="This page does not exist">
          Check the address. The pixel may have been deleted, or your token may not reach it.{' '}
          <Link class="target" href="/app/">
            Back to all pixels
          </Link>
        </Empty>
      </>
    );
  }
  const { title, advice } = LACKS[lacks];
  return (
    <>
      <Heading>Not available</Heading>
      <Empty title={title}>{advice}</Empty>
      {pixels.length > 0 && (
        <ul class="items">
          {pixels.map(({ id, name }) => (
            <li key={id}>
              <Link href={`/app/${id}/settings`}>
                Settings of <Text>{name}</Text>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
