import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { Inert } from "../../parts/inert";
import { When } from "../../parts/when";
import { shorten } from "../../text/shorten";
import { Arguments } from "../arguments";
import { Fact, Facts, Panel, Words } from "../facts";
import { PEER, type Story, type StoryEvent, type StoryProcess } from "./model";
import { useNames, type Selection } from "./tree";

function Channels({ story, id }: { readonly story: Story; readonly id: string }) {
  const { t } = useTranslation();
  const names = useNames();
  const nameOf = (other: string) => {
    const process = story.processes.find((one) => one.id === other);
    return process === undefined ? (story.peer?.address ?? "") : `${process.name.slice(0, 60)} (${process.pid.slice(0, 12)})`;
  };
  const held = story.channels.filter(({ from, to }) => from === id || to === id);
  return held.length === 0 ? null : (
    <Fact term={t("finding.channelsOf")}>
      <ul>
        {held.map((channel, index) => (
          <li key={index}>
            <Inert
              text={t("finding.storyChannel", {
                channel: [names.channel(channel.channel), names.flows(channel)].filter(Boolean).join(", "),
                what: shorten(nameOf(channel.from === id ? channel.to : channel.from), 90),
              })}
            />
          </li>
        ))}
      </ul>
    </Fact>
  );
}

function ProcessFacts({ story, process }: { readonly story: Story; readonly process: StoryProcess }) {
  const { t } = useTranslation();
  const names = useNames();
  const { facts } = process;
  const parent = story.processes.find(({ id }) => id === process.parent);
  return (
    <Facts>
      <Words term={t("finding.binary")} text={facts?.binary?.path} />
      <Words term="SHA-256" text={facts?.binary?.sha256} />
      {facts?.args !== undefined && (
        <Fact term={t("finding.arguments")}>
          <Arguments args={facts.args} program={facts.binary?.path} isTruncated={facts.argumentsTruncated === true} />
        </Fact>
      )}
      {process.role !== "" && <Fact term={t("finding.role")}>{names.role(process.role)}</Fact>}
      <Words term={t("finding.pidTerm")} text={process.pid} />
      {parent !== undefined && (
        <Fact term={t("finding.parent")}>
          <Inert text={`${parent.name.slice(0, 60)} (${parent.pid.slice(0, 12)})`} />
        </Fact>
      )}
      {facts?.userId !== undefined && (
        <Fact term={t("finding.user")}>{facts.userId === "0" ? t("finding.root") : <Inert text={facts.userId} />}</Fact>
      )}
      {process.startTime !== undefined && (
        <Fact term={t("finding.started")}>
          <When time={process.startTime} />
        </Fact>
      )}
      <Channels story={story} id={process.id} />
    </Facts>
  );
}

function EventFacts({ story, event }: { readonly story: Story; readonly event: StoryEvent }) {
  const { t } = useTranslation();
  const process = story.processes.find(({ id }) => id === event.process);
  return (
    <>
      <Facts>
        <Fact term={t("finding.event")}>{t(`finding.lanes.${event.lane}`)}</Fact>
        <Fact term={t("finding.at")}>
          <When time={event.time} />
        </Fact>
        {event.text !== "" && (
          <Fact term={t("finding.says")}>
            {event.finding === undefined ? (
              <Inert text={event.text} />
            ) : (
              <Link href={`/finding/${event.finding}`}>
                <Inert text={event.text} limit={200} />
              </Link>
            )}
          </Fact>
        )}
      </Facts>
      {process !== undefined && <ProcessFacts story={story} process={process} />}
    </>
  );
}

/** What is selected, in words. */
export function Details({ story, selected }: { readonly story: Story; readonly selected: Selection }) {
  const { t } = useTranslation();
  const process = story.processes.find(({ id }) => id === selected);
  const event = story.events.find(({ id }) => id === selected);
  if (selected === PEER && story.peer !== undefined) {
    return (
      <Panel title={t("finding.peer")}>
        <Facts>
          <Words term={t("finding.peerAddress")} text={story.peer.address} />
          <Words term={t("finding.localAddress")} text={story.peer.local} />
          <Words term={t("finding.transport")} text={story.peer.transport.toUpperCase()} />
          <Channels story={story} id={PEER} />
        </Facts>
      </Panel>
    );
  }
  if (process !== undefined) {
    return (
      <Panel title={`${t("finding.process")} ${shorten(process.name, 40)}`}>
        <ProcessFacts story={story} process={process} />
      </Panel>
    );
  }
  return event === undefined ? null : (
    <Panel title={t("finding.event")}>
      <EventFacts story={story} event={event} />
    </Panel>
  );
}
