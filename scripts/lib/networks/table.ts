/** The fakes of all networks, each new and with nothing counted. */
import type { NetworkName } from '../../../src/model/destination.ts';
import type { FakeNetwork } from './fake.ts';
import { makeGa4 } from './ga4.ts';
import { makeGoogle } from './google.ts';
import { makeLinkedin } from './linkedin.ts';
import { makeMeta } from './meta.ts';
import { makeMicrosoft } from './microsoft.ts';
import { makeOpenai } from './openai.ts';
import { makePinterest } from './pinterest.ts';
import { makeReddit } from './reddit.ts';
import { makeSnap } from './snap.ts';
import { makeTiktok } from './tiktok.ts';
import { makeWebhook } from './webhook.ts';

const MAKERS: { readonly [Name in NetworkName]: () => FakeNetwork } = {
  meta: makeMeta,
  google: makeGoogle,
  ga4: makeGa4,
  tiktok: makeTiktok,
  linkedin: makeLinkedin,
  pinterest: makePinterest,
  snap: makeSnap,
  microsoft: makeMicrosoft,
  webhook: makeWebhook,
  reddit: makeReddit,
  openai: makeOpenai,
};

export type FakeNetworks = ReadonlyMap<NetworkName, FakeNetwork>;

export function makeFakes(): FakeNetworks {
  return new Map(
    Object.values(MAKERS)
      .map((make) => make())
      .map((fake) => [fake.name, fake]),
  );
}
