/** Device types. Combinations, such as `Desktop + Mobile`, have them in this order. */
export const DEVICES = ['Desktop', 'Mobile', 'Tablet', 'TV', 'Console', 'Wearable', 'Embedded'] as const;
