/** Kinds of device, as user agents are told apart, in the order in which combinations name them. */
export const DEVICES = ['Desktop', 'Mobile', 'Tablet', 'TV', 'Console', 'Wearable', 'Embedded'] as const;
