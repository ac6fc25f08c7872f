#!/usr/bin/env python3
"""Checks the sample posts: every file parses, ids are unique, dates lie in the period, counts are as README.md says.

Needs only Python's standard library. Prints the counts; exits 1 with the first thing that is wrong.
"""
import datetime
import json
import pathlib
import sys
import xml.etree.ElementTree as xml
from email.utils import parsedate_to_datetime

HERE = pathlib.Path(__file__).parent
FIRST, LAST = datetime.date(2026, 11, 9), datetime.date(2026, 11, 19)
EXPECTED = {"posts.jsonl": 240, "x-archive": 24, "bluesky.json": 80, "mastodon.json": 57, "planet-feed.xml": 15}


def iso(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def read_lines():
    for line in (HERE / "posts.jsonl").read_text(encoding="utf-8").splitlines():
        post = json.loads(line)
        assert post["content"] and post["author"] and post["author_username"] and post["url"], line
        for media in post["media"]:
            assert media["url"] and media["type"] in ("image", "video", "gif", "audio", "document"), line
        yield post["platform"], post["external_id"], iso(post["created_at"])


def read_archive():
    def part(name):
        return json.loads((HERE / "x-archive/data" / name).read_text(encoding="utf-8").split("=", 1)[1])

    assert part("account.js")[0]["account"]["username"]
    for item in part("tweets.js"):
        tweet = item["tweet"]
        assert tweet["full_text"]
        yield "x", tweet["id_str"], datetime.datetime.strptime(tweet["created_at"], "%a %b %d %H:%M:%S %z %Y")


def read_bluesky():
    for item in json.loads((HERE / "bluesky.json").read_text(encoding="utf-8"))["feed"]:
        post = item["post"]
        text = post["record"]["text"].encode()
        for facet in post["record"].get("facets", []):
            index, feature = facet["index"], facet["features"][0]
            shown = text[index["byteStart"]:index["byteEnd"]].decode()
            assert shown == "#" + feature["tag"] if "tag" in feature else feature["uri"].endswith(shown), shown
        yield "bluesky", post["uri"], iso(post["record"]["createdAt"])


def read_mastodon():
    for status in json.loads((HERE / "mastodon.json").read_text(encoding="utf-8")):
        inner = status["reblog"] or status
        assert inner["content"].startswith("<p>") and inner["account"]["username"]
        yield "mastodon", inner["uri"], iso(inner["created_at"])


def read_feed():
    for item in xml.parse(HERE / "planet-feed.xml").getroot().iter("item"):
        yield "rss", item.findtext("guid"), parsedate_to_datetime(item.findtext("pubDate"))


def main():
    seen = set()
    readers = zip(EXPECTED, (read_lines, read_archive, read_bluesky, read_mastodon, read_feed))
    for name, reader in readers:
        posts = list(reader())
        assert len(posts) == EXPECTED[name], f"{name} has {len(posts)} posts, not {EXPECTED[name]}"
        for platform, external_id, created in posts:
            assert (platform, external_id) not in seen, f"{name}: {external_id} comes twice"
            seen.add((platform, external_id))
            assert FIRST <= created.date() <= LAST, f"{name}: {external_id} is of {created}"
        print(f"{len(posts):4} {name}")
    topics = (HERE / "topics.tsv").read_text(encoding="utf-8").splitlines()
    assert len(topics) == 5 and all(line.count("\t") == 2 for line in topics), "topics.tsv"
    print(f"{len(seen):4} in all")


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, KeyError, ValueError, xml.ParseError) as problem:
        sys.exit(f"samples: {problem!r}")
