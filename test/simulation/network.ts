import type { Chance } from './chance.ts';
import { Process, type Scheduler } from './scheduler.ts';

/** One question on its way to one machine, and what its asker sees when it goes wrong. */
export interface Question<Answer> {
  readonly from: Process;
  /** `edge0>a`: who opens the connection, and to whom. */
  readonly link: string;
  readonly label: string;
  /** Whether the network may deliver it twice: never over one TCP connection, but what is asked again by itself may come late. */
  readonly mayDouble: boolean;
  /** Who takes it, chosen when it arrives; undefined: nobody is there. */
  target(): Process | undefined;
  handle(process: Process): Promise<Answer>;
  readonly refused: () => Answer | Error;
  readonly lost: () => Answer | Error;
  readonly signal?: AbortSignal | undefined;
}

/** How badly the network behaves: probabilities per question. */
export interface Weather {
  lostQuestion: number;
  lostAnswer: number;
  slow: number;
  twice: number;
  /** Per call of a Durable Object: its life ends while the call is under way, or soon after. */
  evictions: number;
}

export const calm: Weather = { lostQuestion: 0, lostAnswer: 0, slow: 0, twice: 0, evictions: 0 };

interface Held {
  readonly matches: (link: string, label: string) => boolean;
  readonly waiting: (() => void)[];
}

/** Delivers questions and answers late, out of order, twice, or never. */
export class Network {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #air = new Process('network');
  readonly #cut = new Set<string>();
  readonly #held = new Set<Held>();
  #toLose: string | undefined;
  weather: Weather = calm;
  /** When a question or an answer on this link last went wrong. */
  readonly troubledAt = new Map<string, number>();

  constructor(scheduler: Scheduler, chance: Chance) {
    this.#scheduler = scheduler;
    this.#chance = chance;
  }

  cut(link: string): void {
    this.#cut.add(link);
  }

  mend(link?: string): void {
    if (link === undefined) this.#cut.clear();
    else this.#cut.delete(link);
  }

  isCut(link: string): boolean {
    return this.#cut.has(link);
  }

  /** Keeps the questions that match until the returned function lets them go on. */
  hold(matches: (link: string, label: string) => boolean): () => void {
    const held: Held = { matches, waiting: [] };
    this.#held.add(held);
    return () => {
      this.#held.delete(held);
      for (const deliver of held.waiting) deliver();
    };
  }

  /** The answer to the next question whose label has this text is lost, and the asker hears so. */
  loseAnswerTo(text: string): void {
    this.#toLose = text;
  }

  ask<Answer>(question: Question<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = new Asked(question, this.#scheduler, resolve, reject);
      question.signal?.addEventListener('abort', () => asked.giveUp());
      if (this.#cut.has(question.link)) return this.#fail(asked);
      const { lostQuestion, twice } = this.weather;
      if (this.#chance.happens(lostQuestion)) return this.#fail(asked);
      this.#carry(asked);
      if (question.mayDouble && this.#chance.happens(twice)) this.#carry(asked);
    });
  }

  #carry<Answer>(asked: Asked<Answer>): void {
    const { link, label } = asked.question;
    const held = [...this.#held].find(({ matches }) => matches(link, label));
    const deliver = () => this.#scheduler.after(this.#latencyMs(link), this.#air, () => this.#arrive(asked));
    if (held === undefined) deliver();
    else held.waiting.push(deliver);
  }

  #arrive<Answer>(asked: Asked<Answer>): void {
    const { question } = asked;
    const process = question.target();
    if (process === undefined || process.state === 'dead') {
      this.troubledAt.set(question.link, this.#scheduler.now);
      return asked.answerWith(question.refused(), this.#latencyMs(question.link));
    }
    const deaf = process.onDeath(() => asked.answerWith(question.lost(), this.#latencyMs(question.link)));
    this.#scheduler.after(0, process, () => {
      question.handle(process).then(
        (answer) => this.#goBack(asked, answer, deaf),
        (error: unknown) =>
          this.#goBack(asked, error instanceof Error ? error : new Error(String(error)), deaf),
      );
    });
  }

  #goBack<Answer>(asked: Asked<Answer>, answer: Answer | Error, deaf: () => void): void {
    deaf();
    const { link, label, lost } = asked.question;
    if (this.#toLose !== undefined && label.includes(this.#toLose)) {
      this.#toLose = undefined;
      this.#scheduler.note(`  ${link} ${label}: answered, and the connection lost`);
      return asked.answerWith(lost(), this.#latencyMs(link));
    }
    if (this.#cut.has(link) || this.#chance.happens(this.weather.lostAnswer)) return this.#fail(asked);
    asked.answerWith(answer, this.#latencyMs(link));
  }

  /** Silence, or word that the connection is lost: the asker can never tell what was done. */
  #fail<Answer>(asked: Asked<Answer>): void {
    const { link, label, lost } = asked.question;
    this.troubledAt.set(link, this.#scheduler.now);
    const silent = this.#chance.happens(0.5);
    this.#scheduler.note(`  ${link} ${label}: ${silent ? 'lost in silence' : 'connection lost'}`);
    if (!silent) asked.answerWith(lost(), this.#latencyMs(link));
  }

  #latencyMs(link: string): number {
    if (!this.#chance.happens(this.weather.slow)) return this.#chance.between(1, 25);
    this.troubledAt.set(link, this.#scheduler.now);
    return this.#chance.between(50, 2_500);
  }
}

/** A question under way, answered at most once. */
class Asked<Answer> {
  readonly question: Question<Answer>;
  readonly #scheduler: Scheduler;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;

  constructor(
    question: Question<Answer>,
    scheduler: Scheduler,
    resolve: (answer: Answer) => void,
    reject: (error: Error) => void,
  ) {
    this.question = question;
    this.#scheduler = scheduler;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  answerWith(answer: Answer | Error, latencyMs: number): void {
    this.#scheduler.after(latencyMs, this.question.from, () => {
      if (answer instanceof Error) this.#reject(answer);
      else this.#resolve(answer);
    });
  }

  /** The asker waits no longer; what was asked may happen all the same. */
  giveUp(): void {
    this.#reject(new DOMException('The operation was aborted', 'AbortError'));
  }
}
