/** The time that the screens show. */
export const NOW = Date.UTC(2026, 10, 29, 14, 30, 2);
