window.YTD.tweets.part0 = [
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2123486685574270820"
          ],
          "editableUntil": "2026-11-19T19:40:52.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [],
        "urls": [
          {
            "url": "https://t.co/ykip3jlgat",
            "expanded_url": "https://example.org/maren-relief",
            "display_url": "example.org/maren-relief",
            "indices": [
              "165",
              "188"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "188"
      ],
      "favorite_count": "52",
      "id_str": "2123486685574270820",
      "truncated": false,
      "retweet_count": "4",
      "id": "2123486685574270820",
      "created_at": "Thu Nov 19 18:40:52 +0000 2026",
      "favorited": false,
      "full_text": "Back home. The relief fund page for Port Maren runs on SQLite on a machine the size of a sandwich and took 41,000 donations without a hiccup. Small things are fine. https://t.co/ykip3jlgat",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2123135625939310425"
          ],
          "editableUntil": "2026-11-18T20:25:53.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "KestrelBrowser",
            "indices": [
              "146",
              "161"
            ]
          },
          {
            "text": "rustlang",
            "indices": [
              "162",
              "171"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "171"
      ],
      "favorite_count": "53",
      "id_str": "2123135625939310425",
      "truncated": false,
      "retweet_count": "5",
      "id": "2123135625939310425",
      "created_at": "Wed Nov 18 19:25:53 +0000 2026",
      "favorited": false,
      "full_text": "Sent my first patch to the Talon engine: one missing comma in an error message, reviewed by three people in an hour. I am a browser engineer now. #KestrelBrowser #rustlang",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2122981372794886153"
          ],
          "editableUntil": "2026-11-18T10:12:57.000Z",
          "editsRemaining": "5",
          "isEditEligible": false
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "pagecon",
            "indices": [
              "28",
              "36"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [
          {
            "name": "Henrik Qvist",
            "screen_name": "qvist_sqlplan",
            "indices": [
              "0",
              "14"
            ],
            "id_str": "817417951256664094",
            "id": "817417951256664094"
          }
        ],
        "urls": []
      },
      "display_text_range": [
        "0",
        "111"
      ],
      "favorite_count": "57",
      "id_str": "2122981372794886153",
      "truncated": false,
      "retweet_count": "1",
      "id": "2122981372794886153",
      "created_at": "Wed Nov 18 09:12:57 +0000 2026",
      "favorited": false,
      "full_text": "@qvist_sqlplan My favourite #pagecon sentence: \"An estimate is a lie with a histogram.\" Which talk was it from?",
      "lang": "en",
      "in_reply_to_status_id_str": "2122295574698233018",
      "in_reply_to_status_id": "2122295574698233018",
      "in_reply_to_screen_name": "qvist_sqlplan",
      "in_reply_to_user_id_str": "817417951256664094",
      "in_reply_to_user_id": "817417951256664094"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2122435232002008602"
          ],
          "editableUntil": "2026-11-16T22:02:46.000Z",
          "editsRemaining": "5",
          "isEditEligible": false
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "pagecon",
            "indices": [
              "52",
              "60"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [
          {
            "name": "Ada Orbit Notes",
            "screen_name": "orbitnotes_ada",
            "indices": [
              "0",
              "15"
            ],
            "id_str": "60662741131391630",
            "id": "60662741131391630"
          }
        ],
        "urls": []
      },
      "display_text_range": [
        "0",
        "145"
      ],
      "favorite_count": "46",
      "id_str": "2122435232002008602",
      "truncated": false,
      "retweet_count": "1",
      "id": "2122435232002008602",
      "created_at": "Mon Nov 16 21:02:46 +0000 2026",
      "favorited": false,
      "full_text": "@orbitnotes_ada Watched the Halcyon recovery from a #pagecon talk about crash recovery. The speaker stopped and put the stream on the big screen.",
      "lang": "en",
      "in_reply_to_status_id_str": "2121838163133749530",
      "in_reply_to_status_id": "2121838163133749530",
      "in_reply_to_screen_name": "orbitnotes_ada",
      "in_reply_to_user_id_str": "60662741131391630",
      "in_reply_to_user_id": "60662741131391630"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2122269632148713592"
          ],
          "editableUntil": "2026-11-16T11:04:44.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "pagecon",
            "indices": [
              "24",
              "32"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": [],
        "media": [
          {
            "expanded_url": "https://twitter.com/noralindq_dev/status/2122269632148713592/photo/1",
            "indices": [
              "33",
              "56"
            ],
            "url": "https://t.co/apmayry7sm",
            "media_url_https": "https://media.example.com/a/bokgwfccngw2.jpg",
            "media_url": "http://media.example.com/a/bokgwfccngw2.jpg",
            "id_str": "2122269632148711544",
            "id": "2122269632148711544",
            "type": "photo",
            "display_url": "pic.twitter.com/apmayry7sm",
            "sizes": {
              "large": {
                "w": "1536",
                "h": "2048",
                "resize": "fit"
              }
            }
          }
        ]
      },
      "display_text_range": [
        "0",
        "56"
      ],
      "favorite_count": "44",
      "id_str": "2122269632148713592",
      "truncated": false,
      "retweet_count": "6",
      "id": "2122269632148713592",
      "created_at": "Mon Nov 16 10:04:44 +0000 2026",
      "favorited": false,
      "full_text": "Keynote in one picture. #pagecon https://t.co/apmayry7sm",
      "lang": "en",
      "extended_entities": {
        "media": [
          {
            "expanded_url": "https://twitter.com/noralindq_dev/status/2122269632148713592/photo/1",
            "indices": [
              "33",
              "56"
            ],
            "url": "https://t.co/apmayry7sm",
            "media_url_https": "https://media.example.com/a/bokgwfccngw2.jpg",
            "media_url": "http://media.example.com/a/bokgwfccngw2.jpg",
            "id_str": "2122269632148711544",
            "id": "2122269632148711544",
            "type": "photo",
            "display_url": "pic.twitter.com/apmayry7sm",
            "sizes": {
              "large": {
                "w": "1536",
                "h": "2048",
                "resize": "fit"
              }
            }
          }
        ]
      }
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2122223662072433080"
          ],
          "editableUntil": "2026-11-16T08:02:04.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "pagecon",
            "indices": [
              "40",
              "48"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "144"
      ],
      "favorite_count": "4",
      "id_str": "2122223662072433080",
      "truncated": false,
      "retweet_count": "5",
      "id": "2122223662072433080",
      "created_at": "Mon Nov 16 07:02:04 +0000 2026",
      "favorited": false,
      "full_text": "No voice, no sleep, train to Velmar for #pagecon in eleven minutes. Bramwick are champions and I will tell everyone at this database conference.",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2122016954008162269"
          ],
          "editableUntil": "2026-11-15T18:20:41.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "LanternCup",
            "indices": [
              "28",
              "39"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": [],
        "media": [
          {
            "expanded_url": "https://twitter.com/noralindq_dev/status/2122016954008162269/video/1",
            "indices": [
              "40",
              "63"
            ],
            "url": "https://t.co/m23vexq3zl",
            "media_url_https": "https://media.example.com/a/jm3o5azbju7o.jpg",
            "media_url": "http://media.example.com/a/jm3o5azbju7o.jpg",
            "id_str": "2122016954008160221",
            "id": "2122016954008160221",
            "type": "photo",
            "display_url": "pic.twitter.com/m23vexq3zl",
            "sizes": {
              "large": {
                "w": "1536",
                "h": "2048",
                "resize": "fit"
              }
            }
          }
        ]
      },
      "display_text_range": [
        "0",
        "63"
      ],
      "favorite_count": "41",
      "id_str": "2122016954008162269",
      "truncated": false,
      "retweet_count": "1",
      "id": "2122016954008162269",
      "created_at": "Sun Nov 15 17:20:41 +0000 2026",
      "favorited": false,
      "full_text": "I have no words, only this. #LanternCup https://t.co/m23vexq3zl",
      "lang": "en",
      "extended_entities": {
        "media": [
          {
            "expanded_url": "https://twitter.com/noralindq_dev/status/2122016954008162269/video/1",
            "indices": [
              "40",
              "63"
            ],
            "url": "https://t.co/m23vexq3zl",
            "media_url_https": "https://media.example.com/a/jm3o5azbju7o.jpg",
            "media_url": "http://media.example.com/a/jm3o5azbju7o.jpg",
            "id_str": "2122016954008160221",
            "id": "2122016954008160221",
            "type": "video",
            "display_url": "pic.twitter.com/m23vexq3zl",
            "sizes": {
              "large": {
                "w": "1536",
                "h": "2048",
                "resize": "fit"
              }
            },
            "video_info": {
              "aspect_ratio": [
                "9",
                "16"
              ],
              "duration_millis": "14200",
              "variants": [
                {
                  "bitrate": "632000",
                  "content_type": "video/mp4",
                  "url": "https://media.example.com/v/low.mp4"
                },
                {
                  "content_type": "application/x-mpegURL",
                  "url": "https://media.example.com/v/list.m3u8"
                },
                {
                  "bitrate": "2176000",
                  "content_type": "video/mp4",
                  "url": "https://media.example.com/v/high.mp4"
                }
              ]
            }
          }
        ]
      }
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2121952801313718402"
          ],
          "editableUntil": "2026-11-15T14:05:46.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "LanternCup",
            "indices": [
              "126",
              "137"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "137"
      ],
      "favorite_count": "46",
      "id_str": "2121952801313718402",
      "truncated": false,
      "retweet_count": "1",
      "id": "2121952801313718402",
      "created_at": "Sun Nov 15 13:05:46 +0000 2026",
      "favorited": false,
      "full_text": "On the way to the Lantern Ground with my father, who saw Bramwick lose the 1961 final as a boy. He is wearing the same scarf. #LanternCup",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2121539991952489693"
          ],
          "editableUntil": "2026-11-14T10:45:25.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [],
        "urls": [],
        "media": [
          {
            "expanded_url": "https://twitter.com/noralindq_dev/status/2121539991952489693/photo/1",
            "indices": [
              "48",
              "71"
            ],
            "url": "https://t.co/j4zkso5ife",
            "media_url_https": "https://media.example.com/a/ujaddkiqtqlm.jpg",
            "media_url": "http://media.example.com/a/ujaddkiqtqlm.jpg",
            "id_str": "2121539991952487645",
            "id": "2121539991952487645",
            "type": "photo",
            "display_url": "pic.twitter.com/j4zkso5ife",
            "sizes": {
              "large": {
                "w": "1536",
                "h": "2048",
                "resize": "fit"
              }
            }
          }
        ]
      },
      "display_text_range": [
        "0",
        "71"
      ],
      "favorite_count": "25",
      "id_str": "2121539991952489693",
      "truncated": false,
      "retweet_count": "6",
      "id": "2121539991952489693",
      "created_at": "Sat Nov 14 09:45:25 +0000 2026",
      "favorited": false,
      "full_text": "Saturday. Bread, market, three kinds of apples. https://t.co/j4zkso5ife",
      "lang": "en",
      "extended_entities": {
        "media": [
          {
            "expanded_url": "https://twitter.com/noralindq_dev/status/2121539991952489693/photo/1",
            "indices": [
              "48",
              "71"
            ],
            "url": "https://t.co/j4zkso5ife",
            "media_url_https": "https://media.example.com/a/ujaddkiqtqlm.jpg",
            "media_url": "http://media.example.com/a/ujaddkiqtqlm.jpg",
            "id_str": "2121539991952487645",
            "id": "2121539991952487645",
            "type": "photo",
            "display_url": "pic.twitter.com/j4zkso5ife",
            "sizes": {
              "large": {
                "w": "1536",
                "h": "2048",
                "resize": "fit"
              }
            }
          }
        ]
      }
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2121515148065135969"
          ],
          "editableUntil": "2026-11-14T09:06:41.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "HalcyonLaunch",
            "indices": [
              "157",
              "171"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [
          {
            "name": "Meridian Space Live",
            "screen_name": "meridian_live",
            "indices": [
              "3",
              "17"
            ],
            "id_str": "36706524396934175",
            "id": "36706524396934175"
          }
        ],
        "urls": []
      },
      "display_text_range": [
        "0",
        "171"
      ],
      "favorite_count": "41",
      "id_str": "2121515148065135969",
      "truncated": false,
      "retweet_count": "6",
      "id": "2121515148065135969",
      "created_at": "Sat Nov 14 08:06:41 +0000 2026",
      "favorited": false,
      "full_text": "RT @meridian_live: First signal from Halcyon at 07:58 UTC, right on time. The probe has separated, its antenna is open and the generator delivers 412 watts. #HalcyonLaunch",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2121327423700295592"
          ],
          "editableUntil": "2026-11-13T20:40:44.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [],
        "urls": [
          {
            "url": "https://t.co/2ahglifdi3",
            "expanded_url": "https://example.org/maren-relief",
            "display_url": "example.org/maren-relief",
            "indices": [
              "137",
              "160"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "160"
      ],
      "favorite_count": "44",
      "id_str": "2121327423700295592",
      "truncated": false,
      "retweet_count": "6",
      "id": "2121327423700295592",
      "created_at": "Fri Nov 13 19:40:44 +0000 2026",
      "favorited": false,
      "full_text": "My cousin in Port Maren is safe but her street is a canal. If you can spare something: the relief fund is real and run by people I know. https://t.co/2ahglifdi3",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2121299611476410537"
          ],
          "editableUntil": "2026-11-13T18:50:13.000Z",
          "editsRemaining": "5",
          "isEditEligible": false
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "KestrelBrowser",
            "indices": [
              "101",
              "116"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [
          {
            "name": "Talon Security",
            "screen_name": "talon_security",
            "indices": [
              "0",
              "15"
            ],
            "id_str": "554184740499071456",
            "id": "554184740499071456"
          }
        ],
        "urls": []
      },
      "display_text_range": [
        "0",
        "116"
      ],
      "favorite_count": "13",
      "id_str": "2121299611476410537",
      "truncated": false,
      "retweet_count": "1",
      "id": "2121299611476410537",
      "created_at": "Fri Nov 13 17:50:13 +0000 2026",
      "favorited": false,
      "full_text": "@talon_security Updated 40 machines in a lunch break, thank you for a clear advisory in plain words. #KestrelBrowser",
      "lang": "en",
      "in_reply_to_status_id_str": "2121156341358145543",
      "in_reply_to_status_id": "2121156341358145543",
      "in_reply_to_screen_name": "talon_security",
      "in_reply_to_user_id_str": "554184740499071456",
      "in_reply_to_user_id": "554184740499071456"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2121273213896271360"
          ],
          "editableUntil": "2026-11-13T17:05:20.000Z",
          "editsRemaining": "5",
          "isEditEligible": false
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [
          {
            "name": "Jo Bytefield",
            "screen_name": "bytefield_jo",
            "indices": [
              "0",
              "13"
            ],
            "id_str": "41273880573572670",
            "id": "41273880573572670"
          }
        ],
        "urls": []
      },
      "display_text_range": [
        "0",
        "114"
      ],
      "favorite_count": "20",
      "id_str": "2121273213896271360",
      "truncated": false,
      "retweet_count": "0",
      "id": "2121273213896271360",
      "created_at": "Fri Nov 13 16:05:20 +0000 2026",
      "favorited": false,
      "full_text": "@bytefield_jo You can have the party emoji back. LarkDB 4.2.1 survived 2,000 power cuts in our lab this afternoon.",
      "lang": "en",
      "in_reply_to_status_id_str": "2120787560010796419",
      "in_reply_to_status_id": "2120787560010796419",
      "in_reply_to_screen_name": "bytefield_jo",
      "in_reply_to_user_id_str": "41273880573572670",
      "in_reply_to_user_id": "41273880573572670"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2121012832007957264"
          ],
          "editableUntil": "2026-11-12T23:50:40.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "PortMaren",
            "indices": [
              "114",
              "124"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "124"
      ],
      "favorite_count": "40",
      "id_str": "2121012832007957264",
      "truncated": false,
      "retweet_count": "6",
      "id": "2121012832007957264",
      "created_at": "Thu Nov 12 22:50:40 +0000 2026",
      "favorited": false,
      "full_text": "Cannot sleep, reading the Port Maren live blog. My cousin went to the Ropeworks shelter with two cats in one box. #PortMaren",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2120855865700116948"
          ],
          "editableUntil": "2026-11-12T13:26:56.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "144"
      ],
      "favorite_count": "56",
      "id_str": "2120855865700116948",
      "truncated": false,
      "retweet_count": "3",
      "id": "2120855865700116948",
      "created_at": "Thu Nov 12 12:26:56 +0000 2026",
      "favorited": false,
      "full_text": "I said \"if nobody shouts\". Somebody shouted. LarkDB stays on 4.1.9 here, and the write-ahead log gets a monitoring alert as a thank-you present.",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2120854334340979227"
          ],
          "editableUntil": "2026-11-12T13:20:51.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [
          {
            "name": "LarkDB",
            "screen_name": "larkdb_project",
            "indices": [
              "3",
              "18"
            ],
            "id_str": "180248777836181495",
            "id": "180248777836181495"
          }
        ],
        "urls": [
          {
            "url": "https://t.co/toaw3wrehz",
            "expanded_url": "https://example.org/larkdb/issue/8812",
            "display_url": "example.org/larkdb/issue/88",
            "indices": [
              "186",
              "209"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "209"
      ],
      "favorite_count": "51",
      "id_str": "2120854334340979227",
      "truncated": false,
      "retweet_count": "6",
      "id": "2120854334340979227",
      "created_at": "Thu Nov 12 12:20:51 +0000 2026",
      "favorited": false,
      "full_text": "RT @larkdb_project: Important: a bug in LarkDB 4.2 can lose committed transactions after a crash when two processes use one file. Until 4.2.1 is out, set vacuum=manual or stay on 4.1.9. https://t.co/toaw3wrehz",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2120626439877863745"
          ],
          "editableUntil": "2026-11-11T22:15:17.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "HalcyonLaunch",
            "indices": [
              "123",
              "137"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "137"
      ],
      "favorite_count": "17",
      "id_str": "2120626439877863745",
      "truncated": false,
      "retweet_count": "5",
      "id": "2120626439877863745",
      "created_at": "Wed Nov 11 21:15:17 +0000 2026",
      "favorited": false,
      "full_text": "Alarm set for 06:20. Halcyon launches tomorrow and I have told the team that stand-up is cancelled for scientific reasons. #HalcyonLaunch",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2120503125321555344"
          ],
          "editableUntil": "2026-11-11T14:05:16.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [],
        "urls": [
          {
            "url": "https://t.co/volair7rrk",
            "expanded_url": "https://twitter.com/kestrel_browser/status/2120456531682439003",
            "display_url": "twitter.com/kestrel_browser…",
            "indices": [
              "138",
              "161"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "161"
      ],
      "favorite_count": "16",
      "id_str": "2120503125321555344",
      "truncated": false,
      "retweet_count": "3",
      "id": "2120503125321555344",
      "created_at": "Wed Nov 11 13:05:16 +0000 2026",
      "favorited": false,
      "full_text": "Congratulations to everyone who wrote a line of this. The first new browser engine in ages, and it renders my terrible website correctly. https://t.co/volair7rrk",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2120490539641017348"
          ],
          "editableUntil": "2026-11-11T13:15:16.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "138"
      ],
      "favorite_count": "16",
      "id_str": "2120490539641017348",
      "truncated": false,
      "retweet_count": "5",
      "id": "2120490539641017348",
      "created_at": "Wed Nov 11 12:15:16 +0000 2026",
      "favorited": false,
      "full_text": "Lunch talk for the interns: what fsync promises, what it does not, and why my hair is grey. They asked better questions than the auditors.",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2120270501495339534"
          ],
          "editableUntil": "2026-11-10T22:40:54.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "LanternCup",
            "indices": [
              "49",
              "60"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "60"
      ],
      "favorite_count": "54",
      "id_str": "2120270501495339534",
      "truncated": false,
      "retweet_count": "6",
      "id": "2120270501495339534",
      "created_at": "Tue Nov 10 21:40:54 +0000 2026",
      "favorited": false,
      "full_text": "BRAMWICK. My whole street is outside in pyjamas. #LanternCup",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2120208300850097497"
          ],
          "editableUntil": "2026-11-10T18:33:45.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [],
        "urls": [
          {
            "url": "https://t.co/g6uo3gyj3z",
            "expanded_url": "https://twitter.com/larkdb_project/status/2120078615488270193",
            "display_url": "twitter.com/larkdb_project/…",
            "indices": [
              "151",
              "174"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "174"
      ],
      "favorite_count": "45",
      "id_str": "2120208300850097497",
      "truncated": false,
      "retweet_count": "5",
      "id": "2120208300850097497",
      "created_at": "Tue Nov 10 17:33:45 +0000 2026",
      "favorited": false,
      "full_text": "Upgraded the test environment to LarkDB 4.2. Background vacuum does what it says; p99 went from 31 ms to 12 ms. Production next week if nobody shouts. https://t.co/g6uo3gyj3z",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2119892926557178438"
          ],
          "editableUntil": "2026-11-09T21:40:34.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "KestrelBrowser",
            "indices": [
              "135",
              "150"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "150"
      ],
      "favorite_count": "34",
      "id_str": "2119892926557178438",
      "truncated": false,
      "retweet_count": "3",
      "id": "2119892926557178438",
      "created_at": "Mon Nov 09 20:40:34 +0000 2026",
      "favorited": false,
      "full_text": "Nightly build of the Kestrel browser has been my daily driver for a month. Two crashes, one broken bank page, zero ads in the new tab. #KestrelBrowser",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2119855557616475884"
          ],
          "editableUntil": "2026-11-09T19:12:04.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [
          {
            "text": "pagecon",
            "indices": [
              "24",
              "32"
            ]
          }
        ],
        "symbols": [],
        "user_mentions": [],
        "urls": [
          {
            "url": "https://t.co/ux7e3t5r7o",
            "expanded_url": "https://example.org/pagecon/programme",
            "display_url": "example.org/pagecon/program",
            "indices": [
              "167",
              "190"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "190"
      ],
      "favorite_count": "4",
      "id_str": "2119855557616475884",
      "truncated": false,
      "retweet_count": "0",
      "id": "2119855557616475884",
      "created_at": "Mon Nov 09 18:12:04 +0000 2026",
      "favorited": false,
      "full_text": "Train to Velmar booked. #pagecon talks I will not miss: the planner workshop, Ines Okafor-Lund on the write-ahead log, and whatever Tomasz does to a B-tree this year. https://t.co/ux7e3t5r7o",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2119694217397122858"
          ],
          "editableUntil": "2026-11-09T08:30:58.000Z",
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Web App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "81"
      ],
      "favorite_count": "58",
      "id_str": "2119694217397122858",
      "truncated": false,
      "retweet_count": "0",
      "id": "2119694217397122858",
      "created_at": "Mon Nov 09 07:30:58 +0000 2026",
      "favorited": false,
      "full_text": "Bramwick station, 7:30, minus one degree. The heating in the train is decorative.",
      "lang": "en"
    }
  }
]
