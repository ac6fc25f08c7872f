window.YTD.account.part0 = [
  {
    "account" : {
      "email" : "ada@mail.example",
      "createdVia" : "web",
      "username" : "adaquill",
      "accountId" : "4711",
      "createdAt" : "2012-05-06T07:08:09.000Z",
      "accountDisplayName" : "Ada Quill"
    }
  }
]
