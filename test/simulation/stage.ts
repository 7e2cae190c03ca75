import { Browser, type Heard, type Wish } from './browser.ts';
import type { Instance } from './instance.ts';
import { loadProduct } from './product.ts';
import { type Shape, World } from './world.ts';

const shape: Shape = {
  seed: 1,
  edges: 2,
  origins: 2,
  kvLateMs: 0,
  platform: 'throws',
  headerStateBytesMax: 3_072,
  evictions: 0,
  paddingBytes: 0,
  replicas: 0,
  durability: 'primary',
};

/** A request that is on its way while the scenario goes on. */
export interface Running {
  heard: Heard | undefined;
}

/** A world without chance faults, for a scripted scenario: what happens, happens because the script says so. */
export class Stage {
  readonly world: World;
  readonly client: Browser;

  private constructor(world: World) {
    this.world = world;
    this.client = new Browser('client', world);
  }

  static async open(other: Partial<Shape> = {}): Promise<Stage> {
    return new Stage(await World.build({ ...shape, ...other }, await loadProduct()));
  }

  get home(): string {
    return this.world.origins.homeOf(this.client.cookie?.text ?? '');
  }

  get log(): string {
    return this.world.scheduler.log.join('\n');
  }

  start(wish: Partial<Wish>): Running {
    const running: Running = { heard: undefined };
    this.world.scheduler.after(0, this.world.outside, () => {
      void this.client.send(wish).then((heard) => {
        running.heard = heard;
      });
    });
    return running;
  }

  async answerTo(running: Running): Promise<Heard> {
    for (let turns = 0; running.heard === undefined && turns < 100_000; turns++)
      await this.world.scheduler.step();
    if (running.heard === undefined) throw new Error('No answer came');
    return running.heard;
  }

  send(wish: Partial<Wish>): Promise<Heard> {
    return this.answerTo(this.start(wish));
  }

  pass(ms: number): Promise<void> {
    return this.world.scheduler.runUntil(this.world.scheduler.now + ms);
  }

  /** Until the log says so. */
  async until(said: RegExp): Promise<void> {
    for (let turns = 0; !said.test(this.log); turns++) {
      if (turns > 20_000) throw new Error(`Nothing like ${said} happened`);
      await this.world.scheduler.step();
    }
  }

  /** Time enough for the monitor to raise, and both edges to hear: no window of an older cookie is left. */
  async closeWindow(): Promise<void> {
    const reader = new Browser('bystander', this.world);
    for (let round = 0; round < 8; round++) {
      for (const edge of [0, 1])
        this.world.scheduler.after(0, this.world.outside, () => void reader.send({ edge }));
      await this.pass(700);
    }
  }

  /** New connections go to this process from now on. */
  lead(instance: Instance): void {
    this.world.origins.choose = (instances) =>
      instances.find((one) => one === instance) ?? this.world.chance.pick(instances);
  }

  only(origin: string): Instance {
    const [instance] = this.world.origins.living(origin);
    if (instance === undefined) throw new Error(`Nobody lives at ${origin}`);
    return instance;
  }

  close(): void {
    this.world.close();
  }
}
