import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** How many of each item. */
    cart?: Record<string, number>;
  }
}
